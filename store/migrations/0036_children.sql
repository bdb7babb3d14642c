-- As which the tables of the stream's children were last made: a digest of their columns and of what fills them; null: it has none.
alter table streams add column children text;
