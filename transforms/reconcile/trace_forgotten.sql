-- Until when what plans did to a server is forgotten (transforms/warehouse/ledger_forget.sql). Grain: one row, NULL
-- where nothing is. Parameter: server; all of them where it is ''.
SELECT max(started_at) AS forgotten_until
FROM push_plan
WHERE status = 'forgotten' AND (server = $server OR $server = '')
