-- A load that finds the table of a target changed by somebody leaves it as it is, and makes one anew beside it (docs/target-loads.md). Which table
-- that was, how it showed, and since when another one is in its place.
alter table target_states add column changed_table text;
alter table target_states add column changed_how text;
alter table target_states add column changed_at timestamptz;
alter table target_states add column anew_at timestamptz;
