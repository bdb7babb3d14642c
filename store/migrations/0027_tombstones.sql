-- Keys of a stream whose records are gone, and what said so: what comes late of them changes nothing. Only streams that know deletes
-- have any. A key that is there again has none.
create table tombstones (
  stream_id integer not null references streams,
  -- The first 128 bits of the SHA-256 of the key: an index takes no key of any length.
  key_hash uuid not null,
  key text collate "C" not null,
  event bigint not null,
  version text collate "C",
  hash uuid not null,
  received_page bigint not null,
  received_ordinal integer not null,
  -- A complete listing did not have it: the same version may come back.
  swept boolean not null default false,
  at timestamptz not null,
  primary key (stream_id, key_hash)
);
