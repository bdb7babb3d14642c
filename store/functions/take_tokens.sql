-- Admits requests of callers, or says when they would be, on the database's clock: a rate with a burst (GCRA) and units per day of UTC.
--
--   p_callers  of each request
--   p_tiers    whose limits count where the caller is no row of `callers`, as the sender of a webhook is none
--   p_costs    units of each request, above 0
--   item       which request the row is about, from 1. Those of one caller are judged in the order that they are asked in.
--   cause      why not: `rate` or `quota`
--   wait_us    until the request would be admitted if nobody else came
--   rate, burst, daily  the limits in force; tokens, used: how they stand after this request
--   next_us    until one unit more of the burst is there; 0: it is whole
--   day_us     until the day ends
--   crosses    with this request the day's units have come to 80 %: true once a day, whoever asks
-- A request of more units than the burst holds is admitted when the burst is whole, and the time it takes is waited for afterwards.
-- What is refused costs nothing.
create or replace function take_tokens(p_callers text[], p_tiers text[], p_costs integer[])
returns table (
  item integer, cause text, wait_us double precision, rate double precision, burst integer, daily bigint,
  tokens double precision, used bigint, next_us double precision, day_us double precision, crosses boolean
) language plpgsql as $$
#variable_conflict use_column
declare
  a_day_us constant double precision := 86400e6;
  asked record;
  state caller_buckets%rowtype;
  now_us double precision;
  today integer;
  unit_us double precision;
  start_us double precision;
  before bigint;
  -- Of the callers that were admitted: written all at once, which takes half the time for 500 of them.
  n integer := 0;
  names text[];
  tats double precision[];
  useds bigint[];
begin
  -- A crash of the server forgets less than a second of what was sent; waiting for the disk on each request would cost more.
  perform set_config('synchronous_commit', 'off', true);
  if exists (select from unnest(p_callers) as c where not exists (select from caller_buckets as b where b.caller = c)) then
    insert into caller_buckets (caller) select distinct c from unnest(p_callers) as c order by c on conflict do nothing;
  end if;
  -- All rows of the group, in one order whoever asks: no two groups wait for each other in a circle.
  perform from caller_buckets as b where b.caller = any (p_callers) order by b.caller for update;
  -- Read under the locks, so it never goes back for any of the callers.
  now_us := epoch_us();
  today := floor(now_us / a_day_us);
  day_us := (today + 1) * a_day_us - now_us;
  for asked in
    select a.ord, a.cost, a.caller, b.tat_us, case when b.day = today then b.used else 0 end as used_today,
        coalesce(o.rate, c.rate, t.rate) as rate, coalesce(o.burst, c.burst, t.burst) as burst,
        coalesce(o.daily, c.daily, t.daily) as daily
      from unnest(p_callers, p_tiers, p_costs) with ordinality as a (caller, tier, cost, ord)
        join caller_buckets as b on b.caller = a.caller
        left join callers as c on c.caller = a.caller
        join caller_tiers as t on t.tier = coalesce(c.tier, a.tier)
        left join caller_overrides as o on o.caller = a.caller and o.until > to_timestamp(now_us / 1e6)
      order by a.caller, a.ord
  loop
    if asked.caller is distinct from state.caller then
      n := n + 1;
      state := row (asked.caller, asked.tat_us, today, asked.used_today);
    end if;
    item := asked.ord;
    rate := asked.rate;
    burst := asked.burst;
    daily := asked.daily;
    unit_us := 1e6 / rate;
    start_us := greatest(now_us, state.tat_us);
    before := state.used;
    crosses := false;
    wait_us := 0;
    cause := null;
    if before + asked.cost > daily then
      cause := 'quota';
      wait_us := day_us;
    -- Half a microsecond is what the numbers of these times are exact to.
    elsif start_us + (least(asked.cost, burst) - burst) * unit_us - now_us > 0.5 then
      cause := 'rate';
      wait_us := start_us + (least(asked.cost, burst) - burst) * unit_us - now_us;
    else
      state.tat_us := start_us + asked.cost * unit_us;
      state.used := before + asked.cost;
      names[n] := state.caller;
      tats[n] := state.tat_us;
      useds[n] := state.used;
      crosses := coalesce(before < 0.8 * daily and state.used >= 0.8 * daily, false);
    end if;
    used := state.used;
    tokens := burst - greatest(state.tat_us - now_us, 0) / unit_us;
    next_us := case when tokens < burst then (floor(tokens) + 1 - tokens) * unit_us else 0 end;
    return next;
  end loop;
  update caller_buckets as b set tat_us = a.tat_us, day = today, used = a.used
    from unnest(names, tats, useds) as a (caller, tat_us, used) where b.caller = a.caller;
end $$;
