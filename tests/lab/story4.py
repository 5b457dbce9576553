# SPDX-License-Identifier: GPL-2.0-or-later
"""Story 4: connections that cannot be opened, or never end.

None of these cases reads the kernel's trace, so they may run side by side."""

import story4_close
import story4_ends
import story4_open
import story4_path
import story4_reset
import story4_reuse
import story4_stall
import story4_syn

CASES = {**story4_open.CASES, **story4_reuse.CASES, **story4_close.CASES, **story4_stall.CASES,
         **story4_syn.CASES,
         **story4_reset.CASES, **story4_path.CASES, **story4_ends.CASES}
