-- When a record was first received, kept by a replay: what is replayed never counts as newer than what came after it.
-- Null: `page` and `ordinal` of the event say it already, as for all that was not replayed.
alter table events
  add column received_page bigint,
  add column received_ordinal integer;

-- One entry for the same bad record, however often it comes. `page` and `ordinal` are those of the first time, and its id.
alter table quarantine
  add column count integer not null default 1,
  -- The last time; null: there was only one.
  add column last_seen_at timestamptz,
  add column last_page bigint,
  add column last_ordinal integer,
  -- Its key came again, good, while it was held (streams without a version): a replay leaves the newer record alone.
  add column superseded_at timestamptz;

-- Which runs beside the first one saw an entry, and how often. Those of the first run are the rest of its count.
create table quarantine_sightings (
  stream_id integer not null,
  page bigint not null,
  ordinal integer not null,
  run_no integer not null,
  count integer not null,
  primary key (stream_id, page, ordinal, run_no),
  foreign key (stream_id, page, ordinal) references quarantine on delete cascade
);

alter table stream_runs
  -- Of the records that this run put in quarantine: how many went through, or were dismissed, since.
  add column settled bigint not null default 0,
  -- Where it wrote; null for runs of before. The watermark belongs to a table.
  add column target_table text;
