-- Reports are erased: of each its number stays, which no other report gets.
CREATE TABLE erased_report (
    report INTEGER PRIMARY KEY,
    at INTEGER NOT NULL
) STRICT;
-- A row for each time that words were erased, which nothing finds any more and which may still lie in the
-- files.
CREATE TABLE erased_words (
    id INTEGER PRIMARY KEY AUTOINCREMENT
) STRICT;
CREATE INDEX report_by_saved ON report (saved_at) WHERE finished = 1;

-- A row of a report says whose account it is, and so of which groups.
DROP VIEW report_now;
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
    session.operator AS account,
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
ALTER TABLE report_row ADD COLUMN account INTEGER NOT NULL DEFAULT 0;
UPDATE report_row SET account = (SELECT operator FROM session WHERE session.id = report_row.session);
-- With the account in the index a group is cut out of a list in any order without reading its rows.
DROP INDEX report_row_by_started;
DROP INDEX report_row_by_lasted;
DROP INDEX report_row_by_active;
DROP INDEX report_row_by_operators;
DROP INDEX report_row_by_requester;
DROP INDEX report_row_by_host;
DROP INDEX report_row_by_category;
DROP INDEX report_row_by_finished;
CREATE INDEX report_row_by_started ON report_row (started, report, account);
CREATE INDEX report_row_by_lasted ON report_row (lasted, report, started, account);
CREATE INDEX report_row_by_active ON report_row (active, report, started, account);
CREATE INDEX report_row_by_operators ON report_row (operators, report, started, account);
CREATE INDEX report_row_by_requester ON report_row (requester, report, started, account);
CREATE INDEX report_row_by_host ON report_row (host, report, started, account);
CREATE INDEX report_row_by_category ON report_row (category, report, started, account);
CREATE INDEX report_row_by_finished ON report_row (finished, report, started, account);

-- What a permanent host is found by, in lower case: its names, system and note, each a line.
ALTER TABLE host ADD COLUMN words TEXT NOT NULL DEFAULT '';
UPDATE host SET words =
    folded(name || char(10) || computer || char(10) || system || char(10) || note);

-- What was erased before lies in the full-text index still.
INSERT INTO erased_words DEFAULT VALUES;
