-- P6: a login that Okta reported and we acknowledged is approved, if its verification was still alive when all was over.
SELECT entered.user_id, event.uuid, sent.verification_sid, entered.at, booked.state, booked.note
FROM truth.entered AS entered
JOIN truth.sends AS sent ON sent.code = entered.code
JOIN truth.verifications AS verification USING (verification_sid)
JOIN truth.events AS event ON event.user_id = entered.user_id
    AND event.result = 'SUCCESS' AND event.factor IN ('SMS_FACTOR', 'CALL_FACTOR')
    AND event.published BETWEEN entered.at - interval '1 second' AND entered.at
LEFT JOIN okta_events AS booked ON booked.uuid = event.uuid
WHERE entered.accepted
    AND event.uuid IN (SELECT uuid FROM truth.deliveries WHERE received)
    AND verification.ended > (SELECT max(at) FROM truth.facts)
    AND verification_sid NOT IN (
        SELECT verification_sid FROM truth.reports WHERE verdict = 'approved' AND http_status = 200
    );
