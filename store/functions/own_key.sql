-- Advisory locks belong to the whole database, credentials to one installation: the key names the schema. That of schema `syncline`
-- does not, as before there were others, so that workers of all versions exclude each other.
create or replace function own_key(p_text text) returns text language sql stable as $$
  select case when current_schema() = 'syncline' then p_text else current_schema() || '/' || p_text end
$$;
