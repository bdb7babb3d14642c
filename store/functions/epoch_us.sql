-- Times inside limits are microseconds since the epoch: they are added and compared on every request.
create or replace function epoch_us() returns double precision language sql volatile as $$
  select (extract(epoch from clock_timestamp()) * 1000000)::double precision
$$;
