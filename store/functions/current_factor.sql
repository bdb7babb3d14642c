-- +5 % of the declared speed per 10 s without a throttled answer.
create or replace function current_factor(p_factor double precision, p_factor_at timestamptz) returns double precision language sql stable as $$
  select case when p_factor >= 1 then 1
    else least(1, p_factor + greatest(0, extract(epoch from clock_timestamp() - p_factor_at))::double precision / 200) end
$$;
