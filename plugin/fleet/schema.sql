-- SPDX-License-Identifier: GPL-2.0-or-later
-- tcptriage.db: what was found in many captures. Made anew by each run of tcptriage-fleet; write to a copy.
--
-- Times are text, UTC, as ISO 8601 has them, and sort as they are. Severities are chat, note, warn. What a column is called
-- in the report's JSON it is called here.

-- What was read as one capture: a file, a ring of files that go on in each other, or the same time at several points.
CREATE TABLE captures (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,      -- its results are called so
    path TEXT NOT NULL,            -- of its first file
    kind TEXT NOT NULL,            -- single, ring, points
    state TEXT NOT NULL,           -- read; partly: to a point, or without some link types; failed
    reason TEXT,                   -- why not all of it was read
    page TEXT,                     -- its page, from the folder of this database; NULL when nothing is of note
    verdict TEXT,                  -- what the report begins with
    segments INTEGER,
    flows INTEGER,
    first_time TEXT,
    last_time TEXT,
    span_seconds REAL
);

-- The files of a capture. Frames of a ring are counted on from file to file.
CREATE TABLE files (
    capture_id INTEGER NOT NULL REFERENCES captures (id),
    number INTEGER NOT NULL,       -- from 1
    path TEXT NOT NULL,
    frames_before INTEGER,         -- in the files before it; NULL where frames are of several files by turns
    PRIMARY KEY (capture_id, number)
);

-- How connections ended: closed, half_closed, reset, open, refused, no_answer, handshake_failed, silent, stuck, partial.
CREATE TABLE outcomes (
    capture_id INTEGER NOT NULL REFERENCES captures (id),
    outcome TEXT NOT NULL,
    flows INTEGER NOT NULL,
    PRIMARY KEY (capture_id, outcome)
);

-- One problem with one cause, however many findings and connections it has.
CREATE TABLE cases (
    id INTEGER PRIMARY KEY,
    capture_id INTEGER NOT NULL REFERENCES captures (id),
    number INTEGER NOT NULL,       -- in its capture, 1 is the gravest
    cause TEXT NOT NULL,           -- id of the finding
    title TEXT NOT NULL,
    severity TEXT NOT NULL,
    confidence TEXT NOT NULL,
    blamed TEXT NOT NULL,          -- the place
    flow_count INTEGER NOT NULL,   -- connections that it hit
    delay_seconds REAL NOT NULL,   -- time that it cost them
    first_time TEXT NOT NULL,
    last_time TEXT NOT NULL,
    filter TEXT NOT NULL,          -- for Wireshark
    finding_count INTEGER NOT NULL,
    explanation TEXT NOT NULL,
    remedy TEXT NOT NULL
);
CREATE INDEX cases_of_capture ON cases (capture_id, number);

-- What was found on a frame.
CREATE TABLE findings (
    id INTEGER PRIMARY KEY,
    capture_id INTEGER NOT NULL REFERENCES captures (id),
    case_number INTEGER,           -- cases.number
    role TEXT,                     -- cause, consequence
    finding TEXT NOT NULL,         -- its id
    severity TEXT NOT NULL,
    confidence TEXT NOT NULL,
    frame INTEGER NOT NULL,        -- in the capture
    file TEXT,                     -- that has it, and its number there; NULL where several have frames by turns
    frame_in_file INTEGER,
    time TEXT NOT NULL,
    client TEXT NOT NULL,
    client_port INTEGER NOT NULL,
    server TEXT NOT NULL,
    server_port INTEGER NOT NULL,
    outcome TEXT NOT NULL,         -- of its connection
    vantage TEXT,                  -- capture point
    stream INTEGER,                -- tcp.stream, of tshark alone
    brief TEXT NOT NULL,
    summary TEXT NOT NULL,
    delay_seconds REAL,
    fields TEXT NOT NULL           -- its own fields, JSON
);
CREATE INDEX findings_of_capture ON findings (capture_id, case_number);
CREATE INDEX findings_of_client ON findings (client);
CREATE INDEX findings_of_server ON findings (server, server_port);

-- Causes over all captures, the gravest first.
CREATE VIEW by_cause AS
SELECT cause, severity, count(*) AS cases, count(DISTINCT capture_id) AS captures, sum(flow_count) AS connections,
       sum(delay_seconds) AS delay_seconds, min(first_time) AS first_time, max(last_time) AS last_time
FROM cases
GROUP BY cause, severity
ORDER BY CASE severity WHEN 'warn' THEN 0 WHEN 'note' THEN 1 ELSE 2 END, captures DESC, connections DESC, cause;

-- Hosts in whose connections a cause was found, notes and warnings, at either end.
CREATE VIEW by_host AS
SELECT host, count(DISTINCT capture_id) AS captures, sum(severity = 'warn') AS warnings, sum(severity = 'note') AS notes,
       sum(as_client) AS as_client, sum(NOT as_client) AS as_server, group_concat(DISTINCT finding) AS causes
FROM (SELECT client AS host, 1 AS as_client, * FROM findings UNION ALL
      SELECT server, 0, * FROM findings WHERE server <> client)
WHERE role = 'cause' AND severity <> 'chat'
GROUP BY host
ORDER BY warnings DESC, notes DESC, host;

-- The same by listening port.
CREATE VIEW by_server_port AS
SELECT server, server_port, count(DISTINCT capture_id) AS captures, sum(severity = 'warn') AS warnings,
       sum(severity = 'note') AS notes, count(DISTINCT client) AS clients, group_concat(DISTINCT finding) AS causes
FROM findings
WHERE role = 'cause' AND severity <> 'chat'
GROUP BY server, server_port
ORDER BY warnings DESC, notes DESC, server, server_port;

-- Captures with problems, the worst first.
CREATE VIEW worst_captures AS
SELECT c.path, sum(k.severity = 'warn') AS warnings, sum(k.severity = 'note') AS notes,
       sum(CASE WHEN k.severity <> 'chat' THEN k.flow_count ELSE 0 END) AS connections,
       sum(CASE WHEN k.severity <> 'chat' THEN k.delay_seconds ELSE 0 END) AS delay_seconds, c.verdict, c.page, c.id AS capture_id
FROM captures AS c JOIN cases AS k ON k.capture_id = c.id
GROUP BY c.id
HAVING warnings > 0 OR notes > 0
ORDER BY warnings > 0 DESC, connections DESC, warnings DESC, notes DESC, c.path;
