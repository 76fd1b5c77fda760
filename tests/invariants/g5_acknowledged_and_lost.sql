-- P5: an event that was answered 2xx reaches the books and an end there. Only these types are kept.
SELECT event.uuid, event.published, booked.state
FROM truth.events AS event
LEFT JOIN okta_events AS booked ON booked.uuid = event.uuid
WHERE event.event_type IN ('user.authentication.auth_via_mfa', 'user.mfa.factor.activate')
    AND event.uuid IN (SELECT uuid FROM truth.deliveries WHERE received)
    AND coalesce(booked.state, 'none') NOT IN ('done', 'skipped', 'expired', 'no_match', 'dead');
