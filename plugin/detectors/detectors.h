/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The rows of all detectors, declared from their one list.
 */
#ifndef TCPTRIAGE_DETECTORS_H
#define TCPTRIAGE_DETECTORS_H

#include "tcptriage/detector.h"

#define TCPT_DETECTOR(id) extern const tcpt_detector tcpt_##id;
#include "detectors/detectors.def"
#undef TCPT_DETECTOR

#endif
