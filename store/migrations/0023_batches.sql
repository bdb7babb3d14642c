-- What is committed at once is a batch: a page as it came, a replay of the quarantine, or a sweep, which says where a complete
-- listing of a `replace` ended and which keys it did not have.
alter table pages add column kind text not null default 'page';

alter table streams
  -- Number of the last `e` event; null: the log does not say yet which rows a `replace` has.
  add column swept bigint,
  -- Rows of the table after that sweep. Where it has another number of rows, or null stands here, the next sweep compares the whole log
  -- with the table.
  add column swept_rows bigint;

-- Number of the `e` event of a run that was swapped in, 0 where it was not; null: it has not ended, or did before there were sweeps.
alter table stream_runs add column sweep bigint;

create view batches as
  select s.partner, s.name as stream, p.stream_id, p.page_id as batch, p.kind, p.page_key as batch_key, p.run_no, r.sync_id,
      p.fetched, p.inserted, p.updated, p.unchanged, p.stale, p.deleted, p.waiting, p.quarantined, p.conflicts,
      p.fetched_at, p.committed_at
    from pages p join streams s using (stream_id) join stream_runs r on r.stream_id = p.stream_id and r.run_no = p.run_no;
