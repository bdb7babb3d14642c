-- What an outcome is judged by.

-- Parents whose children a complete run of an incremental stream has read. A parent that the last one did not read is new.
-- The whole ledger is searched for them before anything else is locked: what is altered first, workers wait for all that time.
create table read_parents (
  stream_id integer not null,
  parent text collate "C" not null,
  run_no integer not null,
  primary key (stream_id, parent)
);
insert into read_parents (stream_id, parent, run_no)
  select p.stream_id, parent, max(p.run_no) from pages p join stream_runs r using (stream_id, run_no), unnest(p.parents) as parent
    where r.outcome in ('ok', 'partial') and r.kind in ('nightly', 'manual') and position('..' in r.window_label) < 2
    group by p.stream_id, parent;
alter table read_parents add foreign key (stream_id) references streams;

-- When the first page was asked for: no watermark goes beyond that.
alter table stream_runs add column began_at timestamptz;

-- A number for the key of each record of a page, where the partner states how many there are: those that came twice count once.
alter table pages add column keys bigint[];
