-- Where a stream goes on from whose partner names a cursor for the next run (pagination.keep), as the last complete run left it.
alter table streams add column kept_cursor text;
