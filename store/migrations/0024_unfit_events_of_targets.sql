-- What tables in targets lack: events that fit the definition no longer. It stays until something newer stands for them, or a table
-- that is made anew has them.
alter table target_states
  -- Of the live table, as it was last told of; null: by a worker of before.
  add column table_id text,
  -- By the id of the table: one that is made anew beside has a note of its own.
  add column unfit jsonb not null default '{}';
