-- The circuit of a credential: when most calls fail nobody calls, then one probe of the whole fleet, then all again.
-- Twin of core/circuit.ts. One function per step, not a transaction over several round trips: a process that is stopped
-- in the middle of one would hold the row, and with it every probe.
--
-- May a call go out? `wait_ms` 0: yes; `probe` not null: as a probe under this number, and as a single one. To be called by
-- what gives permits when nothing else refuses and before it writes anything: a probe given is a lease taken. A credential
-- without a row, or closed, costs one look into the index, no lock and no write.
create or replace function circuit_gate(
  p_credential text, p_now timestamptz default clock_timestamp(),
  out wait_ms double precision, out cause text, out probe integer
) language plpgsql as $$
declare
  c circuits%rowtype;
  left_ms double precision;
begin
  wait_ms := 0;
  select * into c from circuits where credential = p_credential and state <> 'closed';
  if not found then return; end if;
  if c.until <= p_now then
    -- Again under the lock: of all who find it due, one gets the probe.
    select * into c from circuits where credential = p_credential and state <> 'closed' for update;
    if not found then return; end if;
    if c.until <= p_now then
      perform set_config('synchronous_commit', 'off', true);
      probe := c.probe + 1;
      update circuits set state = 'probing', probe = c.probe + 1, until = p_now + c.lease_ms * interval '1 millisecond'
        where credential = p_credential;
      return;
    end if;
  end if;
  left_ms := extract(epoch from c.until - p_now) * 1000;
  wait_ms := case c.state when 'open' then left_ms else least(left_ms, greatest(250, c.lease_ms - left_ms)) end;
  cause := c.last_error;
end $$;
