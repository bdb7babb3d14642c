-- Between half of the longest wait and all of it, so that processes which failed together do not come back together.
create or replace function circuit_jitter(p_longest_ms double precision, p_random double precision)
returns double precision language sql immutable as $$
  select ceil(p_longest_ms / 2 + (p_random * p_longest_ms) / 2)
$$;
