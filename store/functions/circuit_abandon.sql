-- A probe that was given and not sent: the next one may have it at once.
create or replace function circuit_abandon(p_credential text, p_probe integer, p_now timestamptz default clock_timestamp())
returns void language sql as $$
  update circuits set state = 'open', until = p_now
    where credential = p_credential and state = 'probing' and probe = p_probe
$$;
