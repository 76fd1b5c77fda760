-- Why: a person may have an event put through the queue again, and may have another person erased.
-- `event_replays` has one row per event and replay. A replayed event is `queued` again, with the moment of its replay in
-- `okta_events.settled_at`, until an end that is later; `dead_letters.replayed_at` is the first replay after the letter.
-- `erasures` keeps facts that are still in a journal from bringing an erased person back: what was received before `erased_at` is entered
-- without them. `mark` is a SHA-256 of the Okta user's id, the number's keyed pseudonym or an event's id: neither can be read from it.
-- Only adds: the binaries of version 1 do not see it.
INSERT INTO ledger_schema (version, min_compatible) VALUES (6, 1);

CREATE TABLE event_replays (
    org TEXT NOT NULL,
    uuid TEXT NOT NULL CHECK (length(uuid) <= 512),
    replayed_at TEXT NOT NULL,
    PRIMARY KEY (org, uuid, replayed_at)
) STRICT;
CREATE INDEX event_replays_replayed_at ON event_replays (replayed_at);

CREATE TABLE erasures (
    mark TEXT NOT NULL PRIMARY KEY,
    erased_at TEXT NOT NULL
) STRICT;
CREATE INDEX erasures_erased_at ON erasures (erased_at);
