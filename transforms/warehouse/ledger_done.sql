-- Changes that were carried out, in temp ledger_done, for ledger_create.sql, _update and _delete in the same
-- transaction: the changes and what we own move together. Grain: change.
-- Parameters: plan_sha256, runs (JSON: positions in the plan, first and last).
CREATE OR REPLACE TEMP TABLE ledger_done AS
SELECT
    p.server,
    c.plan_sha256,
    c.action,
    c.kind,
    c.record_id,
    c.after,
    c.ms,
    from_json(
        c.origin,
        '{"source": "VARCHAR", "source_key": "VARCHAR", "run": "INTEGER", "content_key": "VARCHAR",
          "person_key": "VARCHAR", "project_key": "VARCHAR", "work_item_key": "VARCHAR",
          "about_user_id": "VARCHAR", "about_project_id": "VARCHAR"}'
    ) AS origin
FROM push_change AS c
INNER JOIN push_plan AS p USING (plan_sha256)
INNER JOIN (
    SELECT unnest(range(run.first, run.last + 1)) AS position
    FROM (SELECT unnest(from_json($runs, '[{"first": "BIGINT", "last": "BIGINT"}]')) AS run)
) AS o USING (position)
WHERE c.plan_sha256 = $plan_sha256;
