-- Records that wait for others (docs/waiting.md). One row for each `w` event of the log; what became of it stays for people to see.
-- Nobody has written to the table that there is; a view may read it.
drop index waiting_for;
alter table waiting
  drop constraint waiting_pkey,
  drop column needs_stream,
  drop column needs_key,
  drop column deadline,
  -- `event` is the number of its `w` event.
  add primary key (stream_id, event),
  add column key text collate "C",
  add column hash uuid not null,
  -- When it was received: the last time, where the same content came again.
  add column page bigint not null,
  add column ordinal integer not null,
  -- What it needs: name, stream, field ('' is the key), value. Those that were there when it came as well.
  add column needs jsonb not null,
  -- From then on the runs of its stream say that it waits.
  add column overdue_at timestamptz not null,
  -- A later record of its key was told to the table meanwhile, and versions do not say which one counts.
  add column superseded_at timestamptz,
  add column status text not null default 'waiting' check (status in ('waiting', 'released', 'dropped', 'refused')),
  add column settled_at timestamptz,
  -- What its release came to, and the event that it logged; null: none, since it changed nothing.
  add column fate text,
  add column settled_event bigint,
  -- What released it: a record of a stream, or a person.
  add column by_stream text,
  add column by_event bigint,
  add column by_person text,
  add column reason text,
  add check ((status = 'waiting') = (settled_at is null));
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
