# SPDX-License-Identifier: GPL-2.0-or-later
"""Story 5: two capture points, what went in and did not come out.

None of these cases reads the kernel's trace, so they may run side by side."""

import story5_capture
import story5_end
import story5_lost
import story5_rewritten

CASES = {**story5_end.CASES, **story5_lost.CASES, **story5_rewritten.CASES, **story5_capture.CASES}
