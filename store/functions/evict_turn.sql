-- Ends the connection of a holder that hangs beyond its time. True when there was one.
create or replace function evict_turn(p_credential text) returns boolean language plpgsql as $$
begin
  if not exists (select from credentials where credential = p_credential and turn_until < clock_timestamp()) then
    return false;
  end if;
  perform pg_terminate_backend(pid) from pg_locks
    where locktype = 'advisory' and granted and objsubid = 2 and classid = 7305113
      and objid = (hashtext(own_key(p_credential))::bigint & 4294967295)::oid
      and database = (select oid from pg_database where datname = current_database());
  return found;
end $$;
