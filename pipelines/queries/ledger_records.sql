-- What crewtally owns in ftrack. Grain: server, kind.
SELECT server, kind, count(*)::INTEGER AS records, hours(sum(ms)) AS hours
FROM push_record
WHERE state = 'live'
GROUP BY ALL
ORDER BY ALL;
