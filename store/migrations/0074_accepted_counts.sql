-- A person has said of a run that was suspect for its number of records that so many are right (docs/endings.md): later listings are compared with it.
alter table stream_runs
  add column accepted_at timestamptz,
  add column accepted_by text,
  add column accepted_reason text;
