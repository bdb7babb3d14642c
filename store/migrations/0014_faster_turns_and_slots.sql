-- Changes to functions of 0003 and 0012, each in its place: the rest of them stays as it is.
--
-- A turn: the rate's theoretical arrival time is told as it is when the answer leaves; what the permits took is no part of the way.
--
-- Slots: who frees some mostly takes them again with the same question, so the asker tells the others of those that are left
-- (PermitCalls). Whoever has slots does not claim the next one, or those without any would never get it; it asks as nobody. Who
-- waits asks less often now: a claim lasts longer, and when it is fulfilled the others are told, for one of them may have the next one.
do $$
declare
  change record;
  source text;
begin
  for change in select * from (values
    ('begin_turn', 'end if;',
      'elsif tat_in_us is not null then
    tat_in_us := (select tat_us from limit_buckets where credential = p_credential and bucket = ''rate'') - epoch_us();
  end if;'),
    ('take_permits', 'perform pg_notify(''syncline_slots'', p_credential);', ''),
    ('take_permits', 'and (slot_asker = p_asker or slot_asked_at is null',
      'and p_asker <> ''00000000-0000-0000-0000-000000000000'' and (slot_asker = p_asker or slot_asked_at is null'),
    ('take_permits', 'interval ''100 milliseconds''', 'interval ''250 milliseconds'''),
    ('take_permits', 'set slot_asker = null, slot_asked_at = null where credential = p_credential;',
      'set slot_asker = null, slot_asked_at = null where credential = p_credential; perform pg_notify(''syncline_slots'', p_credential);')
  ) as changes (function, before, after) loop
    source := pg_get_functiondef(change.function::regproc);
    if position(change.before in source) = 0 then
      raise exception '% is not as the migrations before made it: %', change.function, change.before;
    end if;
    execute replace(source, change.before, change.after);
  end loop;
end $$;
