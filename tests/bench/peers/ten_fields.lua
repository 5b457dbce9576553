-- SPDX-License-Identifier: GPL-2.0-or-later
-- What a script needs to follow TCP connections as tcptriage does: ten fields of each segment, a state for each flow.
local names = {"ip.src", "ip.dst", "tcp.srcport", "tcp.dstport", "tcp.seq_raw", "tcp.ack_raw", "tcp.flags", "tcp.len",
               "tcp.window_size_value", "tcp.stream"}
local fields, flows = {}, {}
for i, name in ipairs(names) do
    fields[i] = Field.new(name)
end

local follower = Proto("follower", "TCP connections followed by a script")
local state = ProtoField.uint32("follower.segments", "Segments of the connection")
follower.fields = {state}

function follower.dissector(tvb, pinfo, tree)
    local values = {}
    for i, field in ipairs(fields) do
        local info = field()
        values[i] = info and info.value
    end
    local stream = values[10]
    if not stream then
        return
    end
    flows[stream] = (flows[stream] or 0) + 1
    tree:add(state, flows[stream]):set_generated()
end

register_postdissector(follower)
