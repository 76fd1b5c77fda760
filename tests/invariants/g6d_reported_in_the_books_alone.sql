-- P6: what the books call reported, the provider has heard.
SELECT booked.event_uuid, booked.provider_ref, booked.reported_at
FROM feedback_reports AS booked
WHERE booked.result = 'reported' AND booked.provider_ref IS NOT NULL
    AND booked.provider_ref NOT IN (
        SELECT verification_sid FROM truth.reports WHERE http_status = 200 AND verification_sid IS NOT NULL
    );
