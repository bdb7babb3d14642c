-- Claims the keys of requests, each for one owner at a time. For each of them, in their order:
--   'claimed'   it is ours until the lease ends, and no answer is stored yet
--   'answered'  it was answered before, with `status`, `location` and `body`
--   'mismatch'  it was used with another request
--   'busy'      another owner is at work on it, for `retry_ms` at the most
-- A claim whose lease has ended is taken over by the same request only: another one with its key is a mismatch until the key expires.
--   p_lease     of all of these claims: who completes them shows it
-- The keys of one call differ from each other.
create or replace function claim_keys(
  p_callers text[], p_operations text[], p_keys text[], p_fingerprints bytea[], p_lease uuid, p_lease_ms integer, p_keep_ms bigint[]
) returns table (ordinal integer, outcome text, status integer, location text, body text, retry_ms integer) language plpgsql as $$
#variable_conflict use_column
declare
  now_ timestamptz := clock_timestamp();
begin
  -- A claim that a crash of the server forgets is made again. The answer is written with the records.
  perform set_config('synchronous_commit', 'off', true);
  -- In the order of the keys: two calls that wait for each other's rows would wait for ever.
  insert into idempotency as i (caller, operation, key, fingerprint, lease, lease_until, created_at, expires_at)
    select c, o, k, f, p_lease, now_ + p_lease_ms * interval '1 ms', now_, now_ + keep * interval '1 ms'
      from unnest(p_callers, p_operations, p_keys, p_fingerprints, p_keep_ms) as t(c, o, k, f, keep) order by c, o, k
    on conflict (caller, operation, key) do update set fingerprint = excluded.fingerprint, lease = excluded.lease, lease_until = excluded.lease_until,
        attempts = case when i.expires_at < now_ then 1 else i.attempts + 1 end, created_at = case when i.expires_at < now_ then now_ else i.created_at end,
        expires_at = excluded.expires_at, status = null, location = null, body = null
      where (i.expires_at < now_ and (i.status is not null or i.lease_until < now_))
        or (i.status is null and i.lease_until < now_ and i.fingerprint = excluded.fingerprint);
  return query
    select t.no::integer,
        case when i.lease = p_lease then 'claimed' when i.key is null then 'busy' when i.fingerprint <> t.f then 'mismatch'
          when i.status is not null then 'answered' else 'busy' end,
        i.status, i.location, i.body,
        greatest(0, ceil(extract(epoch from coalesce(i.lease_until, now_) - now_) * 1000))::integer
      from unnest(p_callers, p_operations, p_keys, p_fingerprints) with ordinality as t(c, o, k, f, no)
      left join idempotency i on i.caller = t.c and i.operation = t.o and i.key = t.k
      order by t.no;
end $$;
