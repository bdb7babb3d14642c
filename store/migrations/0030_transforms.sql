-- By which transforms the rows of the stream's table were made: the stamp that they have in `_transform`; null: by none.
alter table streams add column transforms text;
