-- The texts of functions that were made, the last one of each name being the one in force: store/functions, one file each. The
-- older ones stay, so that workers of the version before see that theirs was made, and do not call the database outdated.
create table functions (
  made_no integer generated always as identity primary key,
  name text not null,
  -- SHA-256 of the file.
  hash text not null,
  made_at timestamptz not null default now()
);
