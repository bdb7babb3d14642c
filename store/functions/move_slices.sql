-- A window's slices moved on to the moment: what is older than all of them has left the window.
create or replace function move_slices(p_slices double precision[], p_steps bigint) returns double precision[] language sql immutable as $$
  select case
    when p_slices is null or p_steps >= 128 then array_fill(0::double precision, array[128])
    when p_steps <= 0 then p_slices
    else array_fill(0::double precision, array[p_steps::integer]) || p_slices[1:(128 - p_steps)::integer] end
$$;
