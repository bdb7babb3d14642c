-- Finds the entry of a bad record that comes again, and the held entries of the keys that arrive.

drop index concurrently if exists quarantine_by_hash;
create index concurrently quarantine_by_hash on quarantine (stream_id, hash) where status <> 'replayed';

drop index concurrently if exists quarantine_by_key;
create index concurrently quarantine_by_key on quarantine (stream_id, key) where status = 'held' and superseded_at is null;
