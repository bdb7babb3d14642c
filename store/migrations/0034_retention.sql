-- What retention takes out of the log and the ledger, in pieces.

-- Events below this number may be missing: retention removed those that decide no row any more. 0: all are there.
alter table streams add column if not exists log_from bigint not null default 0;

-- Lines of the log that were found to decide nothing, and are removed next. Found again after a crash, so it need not be durable.
create unlogged table log_due (
  stream_id integer not null,
  event bigint not null,
  -- A later event of the same key, which stays; null: a line that stands for no record, or for one of a listing that another one replaced.
  instead bigint,
  primary key (stream_id, event)
);

-- What was removed, by day: who reads a log with gaps is told of it, and a line that is missing without this is an alarm.
create table removals (
  stream_id integer not null references streams,
  -- Of UTC.
  day date not null,
  -- The last event among them.
  up_to bigint not null default 0,
  -- How far it looked: of a key whose first event is later, none was removed.
  horizon bigint not null default 0,
  lines bigint not null default 0,
  -- Roughly what they took.
  bytes bigint not null default 0,
  pages bigint not null default 0,
  primary key (stream_id, day)
);

-- A log that loses lines is cleaned when a fiftieth of it is dead, not a fifth: with many gigabytes that is what keeps the space in use.
-- Only the settings of a table change: neither readers nor writers wait for it.
do $$
declare
  leaf regclass;
begin
  for leaf in select inhrelid::regclass from pg_inherits where inhparent = 'events'::regclass loop
    execute format('alter table %s set (autovacuum_vacuum_scale_factor = 0.02, toast.autovacuum_vacuum_scale_factor = 0.02)', leaf);
  end loop;
end $$;
