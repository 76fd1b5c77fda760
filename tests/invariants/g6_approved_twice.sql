-- P6: a verification is approved once, and recorded as reported once.
SELECT verification_sid, 'at the provider' AS place, count(*) AS times
FROM truth.reports WHERE verdict = 'approved' AND http_status = 200
GROUP BY verification_sid HAVING count(*) > 1
UNION ALL
SELECT provider_ref, 'in the books', count(*)
FROM feedback_reports WHERE verdict = 'approved' AND result = 'reported' AND provider_ref IS NOT NULL
GROUP BY provider_ref HAVING count(*) > 1;
