-- What happened: every fact that the simulators and the bench wrote down, and the same as tables. The books are beside it, in `public`.

DROP SCHEMA IF EXISTS truth CASCADE;
CREATE SCHEMA truth;

CREATE TABLE truth.facts (
    at timestamptz NOT NULL,
    fact text NOT NULL,
    content jsonb NOT NULL
);
CREATE INDEX ON truth.facts (fact);

-- Okta called the telephony hook. `told` is the word it heard: SUCCESSFUL, PENDING, FAILED or error.
CREATE VIEW truth.hooks AS
SELECT
    at,
    content->>'event_id' AS event_id,
    content->>'user_id' AS user_id,
    content->>'phone' AS phone,
    content->>'code' AS code,
    (content->'result'->>'elapsed_ms')::bigint AS elapsed_ms,
    (content->'result'->>'http_status')::int AS http_status,
    content->'result'->'okta_says'->>'says' = 'sent' AS sent,
    CASE
        WHEN (content->'result'->>'http_status')::int IS DISTINCT FROM 200 THEN NULL
        WHEN (content->'result'->>'body')::jsonb ? 'error' THEN 'error'
        ELSE (content->'result'->>'body')::jsonb #>> '{commands,0,value,0,status}'
    END AS told
FROM truth.facts WHERE fact = 'hook';

-- The provider took a message and delivered it. The tag is the id of our own transaction.
CREATE VIEW truth.sends AS
SELECT
    at,
    content->>'to' AS phone,
    content->>'code' AS code,
    content->>'verification_sid' AS verification_sid,
    content->>'attempt_sid' AS attempt_sid,
    content->'tags'->>'transaction' AS transaction_id
FROM truth.facts WHERE fact = 'send';

-- A verification lives for ten minutes from its first send.
CREATE VIEW truth.verifications AS
SELECT verification_sid, phone, min(at) AS begun, min(at) + interval '10 minutes' AS ended
FROM truth.sends GROUP BY verification_sid, phone;

-- The provider was told something about a verification, by its SID or its number; `verification_sid` is the one it changed.
CREATE VIEW truth.reports AS
SELECT
    at,
    content->>'target' AS target,
    content->>'status' AS verdict,
    (content->>'http_status')::int AS http_status,
    content->>'verification_sid' AS verification_sid
FROM truth.facts WHERE fact = 'report';

-- A user typed a code.
CREATE VIEW truth.entered AS
SELECT
    at,
    content->>'user_id' AS user_id,
    content->>'code' AS code,
    content->'check'->>'result' = 'accepted' AS accepted
FROM truth.facts WHERE fact = 'code_entered';

-- Okta has an event to deliver.
CREATE VIEW truth.events AS
SELECT
    content->>'uuid' AS uuid,
    content->>'event_type' AS event_type,
    content->>'user_id' AS user_id,
    content->>'factor' AS factor,
    content->>'result' AS result,
    (content->>'published')::timestamptz AS published
FROM truth.facts WHERE fact = 'event';

-- Okta delivered an event, once or twice over; `received` says whether it was told 2xx in the end.
CREATE VIEW truth.deliveries AS
SELECT at, uuid, (content->>'received')::boolean AS received
FROM truth.facts, jsonb_array_elements_text(content->'uuids') AS uuid
WHERE fact = 'events';

-- What was still to be done when nothing should have been.
CREATE VIEW truth.left_over AS
SELECT at, content->>'who' AS who, content->>'what' AS what, content->>'pending' AS pending
FROM truth.facts WHERE fact = 'left_over';

-- Digits in a file that has no business with them.
CREATE VIEW truth.leaks AS
SELECT content->>'file' AS file, content->>'digits' AS digits FROM truth.facts WHERE fact = 'leak';

-- Numbers, and codes of more digits than chance makes.
CREATE VIEW truth.secrets AS
SELECT translate(phone, '+', '') AS digits FROM truth.hooks
UNION SELECT translate(phone, '+', '') FROM truth.sends
UNION SELECT code FROM truth.hooks WHERE length(code) >= 9
UNION SELECT code FROM truth.sends WHERE length(code) >= 9;
