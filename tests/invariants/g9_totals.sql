-- P11: the books hold every hook that was answered 200 exactly once, every delivery that was acknowledged, and nothing that never was.
SELECT 'hook answered 200' AS what, hook.event_id AS id, count(booked.id) AS booked
FROM (SELECT DISTINCT event_id FROM truth.hooks WHERE http_status = 200) AS hook
LEFT JOIN otp_transactions AS booked ON booked.okta_event_id = hook.event_id AND booked.duplicate_of IS NULL
GROUP BY hook.event_id HAVING count(booked.id) <> 1
UNION ALL
SELECT 'hook that never was', okta_event_id, 1
FROM otp_transactions WHERE okta_event_id NOT IN (SELECT event_id FROM truth.hooks WHERE event_id IS NOT NULL)
UNION ALL
-- An event that no delivery brought may have been found in the System Log; it happened all the same.
SELECT 'event that never was', uuid, 1 FROM okta_events
WHERE uuid NOT IN (SELECT uuid FROM truth.deliveries)
    AND NOT (source IS NOT DISTINCT FROM 'log' AND uuid IN (SELECT uuid FROM truth.events))
UNION ALL
SELECT 'deliveries', booked.uuid, booked.deliveries
FROM okta_events AS booked
JOIN (SELECT uuid, count(*) AS times FROM truth.deliveries WHERE received GROUP BY uuid) AS made USING (uuid)
WHERE booked.deliveries < made.times;
