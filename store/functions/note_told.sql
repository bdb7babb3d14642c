-- What is left of a limit that no bucket declares, as the partner tells it.
create or replace function note_told(p_credential text, p_partner text, p_left double precision, p_resets_in_ms double precision)
returns void language sql as $$
  insert into credentials (credential, partner, told_left, told_until)
  values (p_credential, p_partner, p_left, clock_timestamp() + p_resets_in_ms * interval '1 millisecond')
  on conflict (credential) do update
    set told_left = case when credentials.told_until > clock_timestamp()
        then least(credentials.told_left, excluded.told_left) else excluded.told_left end,
      told_until = case when credentials.told_until > clock_timestamp()
        then greatest(credentials.told_until, excluded.told_until) else excluded.told_until end
$$;
