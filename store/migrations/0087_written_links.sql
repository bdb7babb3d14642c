-- Links of golden records that were written for other warehouses are of one moment: which they were, so that somebody is told when they are out of date
-- (docs/golden-records.md#in-other-warehouses).
create table duplicate_links_written (
  name text primary key,
  written_at timestamptz not null default now(),
  by text not null,
  rows bigint not null,
  digest text not null
);
