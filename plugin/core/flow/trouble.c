/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/trouble.h"

#include <glib.h>

void tcpt_trouble_room_open(tcpt_trouble_room *room)
{
    room->none.in = room;
}

void tcpt_trouble_open(tcpt_trouble_room *room, tcpt_flow *flow)
{
    for (unsigned end = 0; end < 2; end++)
        if (!flow->ends[end].trouble)
            flow->ends[end].trouble = &room->none;
    if (!flow->rare)
        flow->rare = &room->no_rarities;
}

const tcpt_trouble *tcpt_own_trouble(const tcpt_endpoint *end)
{
    return end->trouble == &end->trouble->in->none ? NULL : end->trouble;
}

const tcpt_rarities *tcpt_own_rarities(const tcpt_flow *flow)
{
    return flow->rare == &flow->ends[0].trouble->in->no_rarities ? NULL : flow->rare;
}

tcpt_trouble *tcpt_trouble_of(tcpt_endpoint *end)
{
    tcpt_trouble_room *room = end->trouble->in;

    if (end->trouble == &room->none) {
        tcpt_trouble *made = tcpt_piece_take_blank(&room->pieces, sizeof *made);

        made->in = room;
        end->trouble = made;
    }
    return (tcpt_trouble *)end->trouble;
}

tcpt_rarities *tcpt_rarities_of(tcpt_flow *flow)
{
    if (!tcpt_own_rarities(flow))
        flow->rare = tcpt_piece_take_blank(tcpt_pieces_of(&flow->ends[0]), sizeof *flow->rare);
    return (tcpt_rarities *)flow->rare;
}

tcpt_rst_toward *tcpt_toward_of(tcpt_flow *flow, unsigned end)
{
    if (!flow->toward)
        flow->toward = tcpt_piece_take_blank(tcpt_pieces_of(&flow->ends[0]), 2 * sizeof *flow->toward);
    return (tcpt_rst_toward *)&flow->toward[end];
}

tcpt_again *tcpt_again_of(tcpt_flow *flow)
{
    if (!flow->again)
        flow->again = tcpt_piece_take_blank(tcpt_pieces_of(&flow->ends[0]), sizeof *flow->again);
    return flow->again;
}

void tcpt_trouble_set(tcpt_endpoint *end, const tcpt_trouble *trouble)
{
    tcpt_trouble *made = tcpt_trouble_of(end);
    tcpt_trouble_room *room = made->in;

    *made = *trouble;
    made->in = room;
}

void tcpt_trouble_give_back(tcpt_flow *flow)
{
    tcpt_pieces *pieces = tcpt_pieces_of(&flow->ends[0]);

    tcpt_piece_give_back(pieces, (tcpt_rst_toward *)flow->toward, 2 * sizeof *flow->toward);
    for (unsigned end = 0; end < 2; end++)
        tcpt_piece_give_back(pieces, (tcpt_trouble *)tcpt_own_trouble(&flow->ends[end]), sizeof(tcpt_trouble));
}

void tcpt_trouble_clear(tcpt_flow *flow)
{
    tcpt_pieces *pieces = tcpt_pieces_of(&flow->ends[0]);

    tcpt_piece_give_back(pieces, (tcpt_rarities *)tcpt_own_rarities(flow), sizeof *flow->rare);
    tcpt_piece_give_back(pieces, flow->again, sizeof *flow->again);
    for (unsigned end = 0; end < 2; end++) {
        tcpt_damages *damages = flow->ends[end].trouble->damages;

        tcpt_piece_give_back(pieces, damages, damages ? tcpt_damages_bytes(damages->room) : 0);
    }
    tcpt_trouble_give_back(flow);
}
