/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detectors/shared/bad_sums.h"

const tcpt_command tcpt_bad_sum_commands[] = {
    {TCPT_ON_OTHER, "nstat -az TcpInCsumErrors", "does it grow? Then they arrive so, and are dropped"},
    {TCPT_ON_BLAMED, "ip route get %other%", "the interface (IFACE below) that they leave by"},
    {TCPT_ON_BLAMED, "ethtool -K IFACE tx off",
     "are the sums right now? Then the network card or its driver makes them"},
    {0},
};
