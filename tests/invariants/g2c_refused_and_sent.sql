-- P2: a hook that is refused with 503, so that Okta sends the code itself, was not sent by us.
SELECT hook.event_id, hook.at, sent.transaction_id
FROM truth.hooks AS hook
JOIN truth.sends AS sent ON sent.code = hook.code AND sent.phone = hook.phone
WHERE hook.http_status = 503
    AND NOT EXISTS (
        SELECT FROM truth.hooks AS other
        WHERE other.event_id = hook.event_id AND other.http_status IS DISTINCT FROM 503
    );
