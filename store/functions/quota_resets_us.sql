-- When the period that holds `p_at_us` ends. `p_unit`: hour, day, week (from Monday), month in the zone, or any other
-- text for periods of `p_period_us` counted from the epoch. `p_reset_at` shifts the beginning: 06:00 is a day from six to six.
create or replace function quota_resets_us(p_at_us double precision, p_unit text, p_period_us double precision, p_reset_at interval, p_zone text)
returns double precision language sql stable as $$
  select case when p_unit in ('hour', 'day', 'week', 'month') then (
      select extract(epoch from (date_trunc(p_unit, local - p_reset_at) + ('1 ' || p_unit)::interval + p_reset_at) at time zone p_zone) * 1000000
        from (select to_timestamp(p_at_us / 1000000) at time zone p_zone as local) as here
    )::double precision
    else (floor((p_at_us - shift) / p_period_us) + 1) * p_period_us + shift end
    from (select extract(epoch from p_reset_at)::double precision * 1000000 as shift) as shifted
$$;
