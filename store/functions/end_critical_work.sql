-- Critical work is done: what was kept for it is free at once.
create or replace function end_critical_work(p_credential text, p_work text) returns void language sql as $$
  delete from critical_work where credential = p_credential and (work = p_work or until < clock_timestamp());
  update credentials set critical_until = null
    where credential = p_credential and not exists (select from critical_work where credential = p_credential);
$$;
