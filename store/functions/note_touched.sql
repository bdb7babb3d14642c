-- Somebody else than a load inserts or deletes rows of a table that loads write: the trigger of the table calls it, with the id that the table was made with.
-- It acts as its owner: whoever may write to the table need not know of the notes. A row each would block nobody else who writes, as one row for all would do.
-- targets/postgres/touched.ts makes the same in other databases; a test compares the two texts.
create or replace function note_touched() returns trigger language plpgsql security definer set search_path from current as $$
declare
  -- Once in a transaction: who deletes a million rows calls it a million times. What is rolled back to a savepoint takes this with it.
  noted text := 'syncline.touched_' || replace(tg_argv[0], '-', '');
begin
  if current_setting(noted, true) = 'on' then return null; end if;
  perform set_config(noted, 'on', true);
  insert into touched_tables (id, how, by, at)
    select tg_argv[0], lower(tg_op), session_user, clock_timestamp()
      where not exists (select from touched_tables t where t.id = tg_argv[0]);
  return null;
end $$;
