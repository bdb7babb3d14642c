-- Tables of histories in this database whose rows somebody else than a load has inserted or deleted, by the id that each was made with: written by
-- note_touched() in that transaction, and read by the next load (docs/target-loads.md#tables-that-somebody-changed). Other databases that are targets have the
-- same table and function in a schema of their own.
create table touched_tables (
  id text not null,
  how text not null,
  by text not null,
  at timestamptz not null
);
create index touched_tables_id on touched_tables (id);
