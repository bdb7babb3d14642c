-- Up to which event each history in this database is made, written in the transaction that writes its rows. Other databases that are
-- targets have the same table in a schema of its own.
create table cursors (
  schema_name text not null,
  table_name text not null,
  place text not null,
  id text not null,
  owner text not null,
  event bigint not null,
  has_rows boolean not null,
  row_key text not null,
  unfilled text[] not null,
  updated_at timestamptz not null default now(),
  primary key (schema_name, table_name, place)
);
