# SPDX-License-Identifier: GPL-2.0-or-later
"""Which segments would the connection tracker call INVALID?

The window tracking of nf_conntrack, in the form it had before Linux 5.18 and
in the form it has had since 6.1, for one flow that begins with a SYN and holds
no RST: just enough to name the first segment the two disagree about. Written
for the laboratory, as a second opinion beside the plugin's own model.
"""

from segments import sequence_delta

VALID, INVALID, IGNORED = "VALID", "INVALID", "IGNORED"
ACK_WINDOW = 66000


def before(a, b):
    return sequence_delta(a, b) < 0


def later(a, b):
    return b if before(a, b) else a


class Side:
    """What the tracker knows of one end."""

    def __init__(self):
        self.end = self.max_end = self.max_window = self.scale = 0
        self.offered_scale = self.sack = False


class Tracker:
    """Judges segments one after the other."""

    def __init__(self, before_5_18):
        self.before_5_18 = before_5_18
        self.state = "NONE"
        self.client, self.server = Side(), Side()
        self.initiator = None
        self.scale_reset_frame = None

    def _read_options(self, side, segment):
        """Any options at all make the tracker forget what the SYN said."""
        if not segment.options and segment.ip_len == segment.ip_header + 20 + segment.length:
            return
        side.scale = min(segment.options.get("wscale", 0), 14)
        side.offered_scale = "wscale" in segment.options
        side.sack = 4 in segment.options

    def _initialise(self, side, segment):
        side.end = side.max_end = segment.end_seq
        side.max_window = max(segment.window, 1)
        self._read_options(side, segment)

    def judge(self, segment):
        """The verdict on the next segment of the flow."""
        if self.initiator is None:
            if not (segment.has("S") and not segment.has("A")):
                raise ValueError("the flow does not begin with a SYN")
            self.initiator = (segment.src, segment.sport)
            self._initialise(self.client, segment)
            self.state = "SYN_SENT"
            return VALID
        if segment.has("R"):
            raise ValueError("RST: not part of this model")
        original = (segment.src, segment.sport) == self.initiator
        sender, receiver = ((self.client, self.server) if original
                            else (self.server, self.client))

        ack = segment.ack if segment.has("A") else receiver.end
        sack = ack
        if receiver.sack:
            for _, right in segment.options.get("sack", ()):
                sack = later(sack, right)

        if not sender.max_window:
            self._initialise(sender, segment)
            if not (self.client.offered_scale and self.server.offered_scale):
                self.client.scale = self.server.scale = 0
        elif self._restarts(sender, segment, original):
            if not segment.has("S"):
                self.scale_reset_frame = segment.frame
            self._initialise(sender, segment)

        verdict = self._window(sender, receiver, segment, ack, sack)
        if verdict == VALID:
            self._learn(sender, receiver, segment, ack, sack)
            self._advance(segment, original)
        return verdict

    def _restarts(self, sender, segment, original):
        """Is this taken for the sender's SYN?"""
        if not before(sender.end, segment.end_seq):
            return False
        if self.before_5_18:
            return ((self.state == "SYN_SENT" and original)
                    or (self.state == "SYN_RECV" and not original))
        return segment.has("S") and self.state in ("SYN_SENT", "SYN_RECV")

    def _window(self, a, b, segment, ack, sack):
        too_far = before(a.max_end, segment.seq)
        acks_unseen = before(b.end, sack)
        too_old = b.max_window and before(segment.end_seq, a.end - b.max_window & 0xFFFFFFFF)
        ack_old = before(sack, b.end - max(a.max_window, ACK_WINDOW) & 0xFFFFFFFF)
        if not (too_far or acks_unseen or too_old or ack_old):
            return VALID
        if self.before_5_18:
            return INVALID
        if too_far:
            overshoot = sequence_delta(segment.end_seq, a.max_end) + 1
            if (not acks_unseen and not too_old and not ack_old and b.max_window
                    and overshoot <= b.max_window):
                a.end = later(a.end, segment.end_seq)
                return IGNORED
            return INVALID
        return INVALID if acks_unseen else IGNORED

    @staticmethod
    def _learn(a, b, segment, ack, sack):
        window = segment.window << (0 if segment.has("S") else a.scale)
        a.max_window = max(a.max_window, window + sequence_delta(sack, ack))
        a.end = later(a.end, segment.end_seq)
        if b.max_window and before(a.max_end, segment.end_seq):
            b.max_window += sequence_delta(segment.end_seq, a.max_end)
        edge = (sack + window) & 0xFFFFFFFF
        if not before(edge, b.max_end):
            b.max_end = (edge + (window == 0)) & 0xFFFFFFFF

    def _advance(self, segment, original):
        """Only the way to ESTABLISHED matters here."""
        if segment.has("SA") and not original and self.state == "SYN_SENT":
            self.state = "SYN_RECV"
        elif (self.state == "SYN_RECV" and original and segment.has("A")
              and not segment.has("S")):
            self.state = "ESTABLISHED"


def compare(flow):
    """Verdicts (before 5.18, since 6.1) by frame, and the frame where the old
    tracker loses the window scale, or None."""
    old, current = Tracker(before_5_18=True), Tracker(before_5_18=False)
    verdicts = {segment.frame: (old.judge(segment), current.judge(segment)) for segment in flow}
    return verdicts, old.scale_reset_frame
