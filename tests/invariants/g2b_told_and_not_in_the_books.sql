-- P2: whatever Okta was told is in the books.
SELECT hook.event_id, hook.told, hook.at, (
    SELECT string_agg(coalesce(answer, 'none') || ' by ' || coalesce(node, 'nobody'), ', ')
    FROM otp_transactions WHERE okta_event_id = hook.event_id
) AS booked
FROM truth.hooks AS hook
WHERE told IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM otp_transactions AS booked
        WHERE booked.okta_event_id = hook.event_id AND booked.answer = hook.told
    );
