-- Questions to many hosts at once, for DuckDB over cases/*.ndjson (rcompare judge --json).
-- The file's name is the host's.
CREATE OR REPLACE VIEW line AS
SELECT *, regexp_extract(filename, '([^/]+)\.ndjson$', 1) AS host
FROM read_ndjson('cases/*.ndjson', filename = true, ignore_errors = false, columns = {
  type: 'VARCHAR', verdict: 'VARCHAR', weight: 'VARCHAR', protocol: 'VARCHAR', address: 'VARCHAR',
  port: 'INTEGER', pid: 'BIGINT', command: 'JSON', owners: 'JSON', evidence: 'JSON', causes: 'JSON',
  next: 'VARCHAR', outcome: 'VARCHAR', place: 'VARCHAR', reason: 'VARCHAR', rows: 'JSON', gaps: 'JSON'});

-- name: whole
-- Which answers are whole? One without its last line, or with other counts, was cut short.
SELECT host,
       coalesce(count(*) FILTER (type = 'end') = 1
       AND count(*) FILTER (type NOT IN ('begin', 'end', 'gap')) = max(TRY_CAST(rows AS BIGINT)) FILTER (type = 'end')
       AND count(*) FILTER (type = 'gap') = max(TRY_CAST(gaps AS BIGINT)) FILTER (type = 'end'), false) AS whole
FROM line GROUP BY host ORDER BY host;

-- name: outcomes
-- What came out, host by host.
SELECT host, outcome FROM line WHERE type = 'summary' ORDER BY host;

-- name: findings
-- What wants an explanation, with the next step.
SELECT host, verdict, protocol, address, port, next
FROM line WHERE type = 'port' AND weight = 'finding' ORDER BY host, port, protocol;

-- name: programs
-- Which program holds which port on how many hosts; the rare ones first.
SELECT o.value ->> '$.exe' AS program, protocol, port, count(DISTINCT host) AS hosts
FROM line, json_each(owners) AS o
WHERE line.type = 'port' GROUP BY ALL ORDER BY hosts, port, program;

-- name: deleted
-- Owners whose program file is gone.
SELECT host, port, o.value ->> '$.pid' AS pid, o.value ->> '$.exe' AS program
FROM line, json_each(owners) AS o
WHERE line.type = 'port' AND list_contains(CAST(o.value -> '$.flags' AS VARCHAR[]), 'EXE_DELETED')
ORDER BY host, port;

-- name: blind
-- What could not be looked at, and on how many hosts: one host alone is worth a look.
SELECT place, reason, count(DISTINCT host) AS hosts
FROM line WHERE type = 'gap' GROUP BY ALL ORDER BY hosts, place;
