-- Records that wait for others (docs/waiting.md). One row for each `w` event of the log; what became of it stays for people to see.
-- The first one was never written to.
drop table waiting;
create table waiting (
  stream_id integer not null references streams,
  -- Number of its `w` event.
  event bigint not null,
  key text collate "C",
  hash uuid not null,
  -- When it was received: the last time, where the same content came again.
  page bigint not null,
  ordinal integer not null,
  -- What it needs: name, stream, field ('' is the key), value. Those that were there when it came as well.
  needs jsonb not null,
  since timestamptz not null default now(),
  -- From then on the runs of its stream say that it waits.
  overdue_at timestamptz not null,
  -- A later record of its key was told to the table meanwhile, and the stream has no versions.
  superseded_at timestamptz,
  status text not null default 'waiting' check (status in ('waiting', 'released', 'dropped', 'refused')),
  settled_at timestamptz,
  -- What its release came to, and the event that it logged; null: none, since it changed nothing.
  fate text,
  settled_event bigint,
  -- What released it: a record of a stream, or a person.
  by_stream text,
  by_event bigint,
  by_person text,
  reason text,
  primary key (stream_id, event),
  check ((status = 'waiting') = (settled_at is null))
);
create index waiting_open on waiting (stream_id, overdue_at) where status = 'waiting';
create index waiting_by_key on waiting (stream_id, key);

-- What the records that still wait need. The stream is the one that waits; `needed` is the name of the other one, which may never have been read.
create table waiting_needs (
  stream_id integer not null,
  event bigint not null,
  needed text not null,
  field text not null,
  value text collate "C" not null,
  foreign key (stream_id, event) references waiting on delete cascade
);
create index waiting_needs_by_value on waiting_needs (stream_id, needed, field, value);
create index waiting_needs_by_event on waiting_needs (stream_id, event);
