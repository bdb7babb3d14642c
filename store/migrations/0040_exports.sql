-- Files that `syncline export` wrote, so that an erasure finds them. Each is noted before its first file is written.
create table exports (
  export uuid primary key,
  target text not null,
  -- The machine that wrote it, and the folder there.
  host text not null,
  folder text not null,
  format text not null,
  -- Of each file: schema, table, partner, stream, last event, rows. `partner` is null where no stream has such a table.
  tables jsonb not null,
  by text not null,
  at timestamptz not null default now(),
  -- `gone` also while files of it may be left: then it is pending in an erasure.
  state text not null default 'writing' check (state in ('writing', 'complete', 'gone')),
  gone_by text,
  gone_reason text
);
create index exports_of_stream on exports using gin (tables jsonb_path_ops);
