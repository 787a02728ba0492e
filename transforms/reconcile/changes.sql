-- What a plan changes, in its order, as the plan writes it: canonical JSON (plan.py), keys in their order, nothing
-- between them. Grain: record to create, update or delete. Times, shares and hours are written as Python writes
-- them; control characters in texts are not (\u001F for \u001f): collect.py sees to those.

-- A text of a record, or nothing.
CREATE OR REPLACE TEMP MACRO said_text(value) AS to_json(value)::VARCHAR;

-- A field of an image. A create or a delete says what there is, an update what differs, even if that is nothing.
CREATE OR REPLACE TEMP MACRO said_field(name, value, is_update, differs) AS
    CASE
        WHEN NOT is_update THEN '"' || name || '":' || value
        WHEN differs THEN '"' || name || '":' || coalesce(value, 'null')
    END;

CREATE OR REPLACE TEMP MACRO said_image(said, other, is_update) AS
    '{' || concat_ws(
        ',',
        said_field(
            'allocation_type',
            said_text(said.allocation_type),
            is_update,
            said.allocation_type IS DISTINCT FROM other.allocation_type
        ),
        said_field(
            'assignment_type',
            said_text(said.assignment_type),
            is_update,
            said.assignment_type IS DISTINCT FROM other.assignment_type
        ),
        said_field('end', '"' || said."end" || '"', is_update, said."end" IS DISTINCT FROM other."end"),
        said_field('forecast', said.forecast::VARCHAR, is_update, said.forecast IS DISTINCT FROM other.forecast),
        said_field('leave', said.leave::VARCHAR, is_update, said.leave IS DISTINCT FROM other.leave),
        said_field('name', said_text(said.name), is_update, said.name IS DISTINCT FROM other.name),
        said_field(
            'project_id', said_text(said.project_id), is_update, said.project_id IS DISTINCT FROM other.project_id
        ),
        said_field('start', '"' || said.start || '"', is_update, said.start IS DISTINCT FROM other.start),
        said_field('task_id', said_text(said.task_id), is_update, said.task_id IS DISTINCT FROM other.task_id),
        said_field('user_id', said_text(said.user_id), is_update, said.user_id IS DISTINCT FROM other.user_id),
        said_field(
            'value',
            (said.value_millionths / 1000000)::VARCHAR,
            is_update,
            said.value_millionths IS DISTINCT FROM other.value_millionths
        )
    ) || '}';

-- Hours to four places. Rounded from the exact binary number, as Python does: `round` goes by its decimal writing.
CREATE OR REPLACE TEMP MACRO said_hours(ms) AS format('{:.4f}', ms / 3600000)::DOUBLE::VARCHAR;

SELECT
    concat(
        '{"action":"', verdict,
        '","after":', if(verdict = 'delete', 'null', said_image(after, before, verdict = 'update')),
        ',"before":', if(verdict = 'create', 'null', said_image(before, after, verdict = 'update')),
        ',"hours":{"after":', said_hours(after_ms), ',"before":', said_hours(before_ms),
        '},"id":', said_text(record_id),
        ',"kind":"', kind, '"',
        ',"moved_from":' || said_text(moved_from),
        ',"moved_to":' || said_text(moved_to),
        ',"origin":',
        to_json({
            about_project_id: about_project_id,
            about_user_id: about_user_id,
            content_key: content_key,
            person_key: person_key,
            project_key: project_key,
            run: run,
            source: source,
            source_key: source_key,
            work_item_key: work_item_key
        })::VARCHAR,
        ',"person":', said_text(person),
        ',"project":', said_text(project),
        ',"rule":', coalesce(said_text(rule), 'null'),
        ',"task":' || said_text(task),
        '}'
    ) AS change
FROM plan_record
WHERE verdict <> 'blocked'
ORDER BY kind, source, source_key, run, record_id;
