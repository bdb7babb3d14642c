-- What a person should know of a run beside its outcome (the target was made again), and of how many records that came
-- earlier the table could not be told, because they fit no longer.
alter table stream_runs add column remark text, add column unfit bigint not null default 0;
-- Since when the target of a `replace` is empty because somebody dropped it; null again once a listing was swapped in.
alter table streams add column emptied_at timestamptz;
