-- Fields that came and that no schema names, of streams whose contract gives them columns (`newFields: columns`). What was decided once stays: workers agree by it.
create table new_fields (
  stream_id integer not null references streams on delete cascade,
  field text not null,
  -- Types in the words of JSON that its values had, in all events up to streams.fields_seen.
  types text[] not null,
  -- The event that it first came with.
  first_event bigint not null,
  -- Its place among the columns that were made; null: it has none.
  made_no integer,
  -- Type of its column: text, number, boolean or json.
  made_type text,
  made_at timestamptz,
  primary key (stream_id, field)
);
create unique index on new_fields (stream_id, made_no) where made_no is not null;

-- Up to which event of the log its fields were looked at.
alter table streams add column fields_seen bigint not null default 0;
-- By how many such columns the rows of the stream's table were made.
alter table streams add column made_columns integer not null default 0;
