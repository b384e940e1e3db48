-- Reports can be found: their chat and times are here too, and what an organisation asks of them.

CREATE TABLE category (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    -- the name in lower case: names that differ by case alone are one
    name_key TEXT NOT NULL UNIQUE,
    position INTEGER NOT NULL
) STRICT;

CREATE TABLE field (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    -- 0 text, 1 number, 2 choice
    kind INTEGER NOT NULL,
    -- a JSON array of texts
    choices TEXT NOT NULL DEFAULT '[]',
    required INTEGER NOT NULL,
    position INTEGER NOT NULL
) STRICT;

-- What a report has in the organisation's fields: a JSON array of objects with field, name and value.
ALTER TABLE report ADD COLUMN fields TEXT NOT NULL DEFAULT '[]';

-- A correction has all the words of a report anew. What the operator wrote stays in the report.
CREATE TABLE correction (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    report INTEGER NOT NULL REFERENCES report (id),
    -- counted from 1 in each report
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    by TEXT NOT NULL,
    reason TEXT NOT NULL,
    problem TEXT NOT NULL,
    solution TEXT NOT NULL,
    category TEXT NOT NULL,
    notes TEXT NOT NULL,
    fields TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX correction_by_report ON correction (report, number);

CREATE TABLE chat (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session INTEGER NOT NULL REFERENCES session (id),
    at INTEGER NOT NULL,
    by_user INTEGER NOT NULL,
    name TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX chat_by_session ON chat (session);

-- How a session's time was spent, in seconds; all zero for sessions from before.
ALTER TABLE session ADD COLUMN active_seconds INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN idle_seconds INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN paused_seconds INTEGER NOT NULL DEFAULT 0;

CREATE INDEX member_by_name ON member (name COLLATE NOCASE, session);

-- Each report as it is now, with its newest words.
CREATE VIEW report_now AS
SELECT
    report.id AS report,
    session.id AS session,
    session.started_at AS started,
    CASE
        WHEN session.ended_at IS NULL
        THEN session.active_seconds + session.idle_seconds + session.paused_seconds
        ELSE max(0, (session.ended_at - session.started_at) / 1000)
    END AS lasted,
    max(0, (session.started_at - session.asked_at) / 1000) AS waiting,
    session.active_seconds AS active,
    session.idle_seconds AS idle,
    session.paused_seconds AS paused,
    -- whose report it is
    coalesce(
        (SELECT member.name FROM member
         WHERE member.session = session.id AND member.operator = session.operator
         ORDER BY member.id DESC LIMIT 1),
        session.operator_name
    ) AS owner,
    session.operator_name AS operators,
    session.requester AS requester,
    session.host AS host,
    coalesce(newest.category, report.category) AS category,
    report.finished AS finished,
    coalesce(newest.number, 0) AS corrections,
    coalesce(newest.problem, report.problem) AS problem,
    coalesce(newest.solution, report.solution) AS solution,
    coalesce(newest.notes, report.notes) AS notes,
    coalesce(newest.fields, report.fields) AS fields
FROM report
JOIN session ON session.id = report.session
LEFT JOIN correction AS newest ON newest.report = report.id AND newest.number =
    (SELECT max(number) FROM correction WHERE correction.report = report.id);

-- What reports are listed, ordered and counted by: a copy of report_now, small and with an index for each
-- order.
CREATE TABLE report_row (
    report INTEGER PRIMARY KEY,
    session INTEGER NOT NULL,
    started INTEGER NOT NULL,
    lasted INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    active INTEGER NOT NULL,
    idle INTEGER NOT NULL,
    paused INTEGER NOT NULL,
    owner TEXT NOT NULL COLLATE NOCASE,
    operators TEXT NOT NULL COLLATE NOCASE,
    requester TEXT NOT NULL COLLATE NOCASE,
    host TEXT NOT NULL COLLATE NOCASE,
    category TEXT NOT NULL COLLATE NOCASE,
    finished INTEGER NOT NULL,
    corrections INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX report_row_by_session ON report_row (session);
CREATE INDEX report_row_by_started ON report_row (started);
CREATE INDEX report_row_by_lasted ON report_row (lasted);
CREATE INDEX report_row_by_active ON report_row (active);
CREATE INDEX report_row_by_owner ON report_row (owner);
CREATE INDEX report_row_by_operators ON report_row (operators);
CREATE INDEX report_row_by_requester ON report_row (requester);
CREATE INDEX report_row_by_host ON report_row (host);
CREATE INDEX report_row_by_category ON report_row (category);
CREATE INDEX report_row_by_finished ON report_row (finished);
INSERT INTO report_row
SELECT report, session, started, lasted, waiting, active, idle, paused, owner, operators, requester, host,
       category, finished, corrections
FROM report_now;

-- The words of each report; the row's number is the report's.
CREATE VIRTUAL TABLE report_text USING fts5 (
    problem, solution, notes, chat, fields, people, host, category,
    content = '', contentless_delete = 1, prefix = '1 2 3',
    tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO report_text
    (rowid, problem, solution, notes, chat, fields, people, host, category)
SELECT report, problem, solution, notes, '', '', requester || ' ' || operators, host, category
FROM report_now;
