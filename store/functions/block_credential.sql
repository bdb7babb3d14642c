-- Nobody sends before the end of the wait; a longer one stays. `p_cut`: also slow down, once for all that were refused together.
create or replace function block_credential(p_credential text, p_partner text, p_wait_ms double precision, p_reason text, p_cut boolean)
returns timestamptz language sql as $$
  insert into credentials (credential, partner, blocked_until, blocked_reason, factor, factor_at)
  values (p_credential, p_partner, clock_timestamp() + p_wait_ms * interval '1 millisecond', p_reason,
    case when p_cut then 0.7 else 1 end, clock_timestamp() + p_wait_ms * interval '1 millisecond')
  on conflict (credential) do update
    set blocked_until = greatest(credentials.blocked_until, excluded.blocked_until),
      blocked_reason = case when credentials.blocked_until > excluded.blocked_until
        then credentials.blocked_reason else excluded.blocked_reason end,
      factor = case when p_cut and credentials.factor_at < clock_timestamp() - interval '1 second'
        then greatest(0.1, current_factor(credentials.factor, credentials.factor_at) * 0.7) else credentials.factor end,
      factor_at = case when p_cut and credentials.factor_at < clock_timestamp() - interval '1 second'
        then excluded.factor_at else credentials.factor_at end
  returning blocked_until
$$;
