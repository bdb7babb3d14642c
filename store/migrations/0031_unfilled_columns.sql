-- Columns that a table gained and that the log has not filled yet. They are added in a short transaction of their own, since nobody can
-- read the table until that ends.
alter table streams add column unfilled text[] not null default '{}';
