-- Of a stream with versions: the version of a record in quarantine, where it can be read, and how it was made. So it is known when a newer record of its key
-- has landed, and nobody has to deal with the entry any more (docs/landing.md#quarantine). Null: unknown, and the entry stays held.
alter table quarantine add column version text collate "C";
alter table quarantine add column version_form text;
