-- When the partner wants a stream's first page to be asked for again, as its last run was told: until, everyMs, says.
alter table streams add column poll_hint jsonb;
