-- Reads for people, beside 100,000 runs and as many records in quarantine. Made concurrently: no writer waits for them.
-- Dropped first, since one whose making broke off stays behind and is of no use.

drop index concurrently if exists runs_backfills;
create index concurrently runs_backfills on runs (started_at desc) where kind = 'backfill';

drop index concurrently if exists runs_not_ok;
create index concurrently runs_not_ok on runs (outcome, started_at desc) where outcome <> 'ok';

drop index concurrently if exists quarantine_recent;
create index concurrently quarantine_recent on quarantine (quarantined_at desc, page, ordinal);
