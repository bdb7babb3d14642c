-- Roles with the least that they need, in the database you are connected to. Safe to repeat; run it as its administrator:
--   psql "$ADMIN_URL" -v ON_ERROR_STOP=1 -f deploy/roles.sql
-- then give passwords (\password syncline_worker). Everything that is there already changes its owner: run it while no worker runs.
--
--   syncline_migrate  `syncline migrate`: owns the control tables and the event log
--   syncline_worker   workers and the CLI: reads and writes them, adds to the event log, owns the partners' schemas
--   syncline_ingest   `syncline ingest`, which strangers talk to: adds to the event log and to tables that workers have made, reads callers
--   syncline_ui       `syncline ui`, the status page: reads how things stand, and no secrets; of records only the rows that a plan of duplicates compares and
--                     the keys that a reconciliation found; writes pauses, approvals, what becomes of pairs, and its audit trail
--   syncline_values   nobody logs in as it: owns the function that reads the rows of a plan for syncline_ui. Workers own the tables that it reads, so it may
--                     do less than they: a table that somebody swaps for a trap gains nothing
--   syncline_reader   analysts: the partners' tables, and the ledger without payloads, tokens and quarantine

begin;

do $$
declare
  role_ text;
begin
  foreach role_ in array array['syncline_migrate', 'syncline_worker', 'syncline_ingest', 'syncline_ui', 'syncline_reader', 'syncline_values'] loop
    if not exists (select from pg_roles where rolname = role_) then
      execute format('create role %I %s nosuperuser nocreatedb nocreaterole', role_,
        case when role_ = 'syncline_values' then 'nologin' else 'login' end);
    end if;
    -- Whoever hands objects over must be a member of the new owner.
    execute format('grant %I to %I', role_, current_user);
  end loop;
  -- Workers make a schema per partner; `create schema if not exists` asks for this even when there is one.
  execute format('grant connect, create, temporary on database %I to syncline_migrate, syncline_worker', current_database());
  execute format('grant connect, temporary on database %I to syncline_ingest', current_database());
  execute format('grant connect on database %I to syncline_reader, syncline_ui', current_database());
end $$;

create schema if not exists syncline;
alter schema syncline owner to syncline_migrate;

do $$
declare
  each record;
begin
  for each in select oid::regclass as name, relkind from pg_class
      where relnamespace = 'syncline'::regnamespace and relkind in ('r', 'p', 'v') loop
    execute format('alter table %s owner to syncline_migrate', each.name);
  end loop;
  for each in select oid::regprocedure as name from pg_proc where pronamespace = 'syncline'::regnamespace and proname <> 'pair_values' loop
    execute format('alter function %s owner to syncline_migrate', each.name);
  end loop;
end $$;

-- Later versions of it are made by `syncline migrate`, which for that is a member of its owner.
grant syncline_values to syncline_migrate;
do $$
begin
  if to_regprocedure('syncline.pair_values(integer, integer[])') is not null then
    grant create on schema syncline to syncline_values;
    alter function syncline.pair_values(integer, integer[]) owner to syncline_values;
    revoke create on schema syncline from syncline_values;
  end if;
end $$;

-- What is there, and what later migrations add.
grant usage on schema syncline to syncline_worker, syncline_ingest, syncline_ui, syncline_reader, syncline_values;
grant select, insert, update, delete on all tables in schema syncline to syncline_worker;
alter default privileges for role syncline_migrate in schema syncline
  grant select, insert, update, delete on tables to syncline_worker;

do $$
declare
  each record;
begin
  -- What was received and where it came from is never changed or removed, what was migrated is not for workers to say.
  for each in select oid::regclass as name from pg_class
      where relnamespace = 'syncline'::regnamespace and relkind in ('r', 'p') and relname ~ '^(events(_\d+)?|pages|removals|migrations|functions|caller_audit|ui_audit)$' loop
    execute format('revoke update, delete on %s from syncline_worker', each.name);
    if each.name in (to_regclass('syncline.migrations'), to_regclass('syncline.functions'), to_regclass('syncline.removals')) then
      execute format('revoke insert on %s from syncline_worker', each.name);
    end if;
  end loop;
  for each in select to_regclass('syncline.' || name) as name from unnest(array['streams', 'runs', 'stream_runs', 'pages', 'batches', 'freshness']) as name
      where to_regclass('syncline.' || name) is not null loop
    execute format('grant select on %s to syncline_reader', each.name);
  end loop;
end $$;

-- What ingest may do in the ledger: take in what is pushed, and find out who pushes. It changes no callers, and reads no tokens.
do $$
declare
  each record;
begin
  for each in select to_regclass('syncline.' || name) as name, rights from (values
        ('callers', 'select'), ('caller_tiers', 'select'), ('caller_overrides', 'select'),
        ('caller_keys', 'select, update (used_at)'), ('caller_buckets', 'select, insert, update'),
        ('caller_blocks', 'select, insert, update, delete'), ('caller_audit', 'insert'),
        ('events', 'select, insert'), ('pages', 'select, insert'), ('streams', 'select, update'),
        ('idempotency', 'select, insert, update, delete'), ('stream_runs', 'select, update'), ('batches', 'select'),
        ('tombstones', 'select, insert, update, delete'), ('waiting', 'select, insert, update, delete'),
        ('waiting_needs', 'select, insert, update, delete'), ('asked_needs', 'select, insert, update, delete'),
        ('quarantine', 'select, insert, update'), ('quarantine_sightings', 'select, insert, update'),
        ('anomalies', 'select, insert, update'), ('broken_rules', 'select, insert, update, delete'),
        ('new_fields', 'select, insert, update'), ('undos', 'select'), ('erasures', 'select'),
        ('webhook_deliveries', 'select, insert, update, delete'), ('webhook_work', 'select, insert, update'),
        ('webhook_refusals', 'select, insert, update'),
        -- It starts only on a database that is up to date.
        ('migrations', 'select'), ('functions', 'select')
      ) as granted (name, rights) where to_regclass('syncline.' || name) is not null loop
    execute format('grant %s on %s to syncline_ingest', each.rights, each.name);
  end loop;
  for each in select oid::regclass as name from pg_class where relnamespace = 'syncline'::regnamespace and relname ~ '^events_\d+$' loop
    execute format('grant select, insert on %s to syncline_ingest', each.name);
  end loop;
end $$;

-- What the status page may do: see how things stand, and what people order there. Of records it sees the keys that a reconciliation or a plan of duplicates
-- has found, and through pair_values the rows of such a plan; of callers' keys their names. PostgreSQL asks for a right to change something of a row before it is locked: that is what `rules_checked` is for.
do $$
declare
  each record;
begin
  for each in select to_regclass('syncline.' || name) as name, rights from (values
        ('streams', 'select, update (rules_checked)'), ('runs', 'select'), ('stream_runs', 'select'), ('pages', 'select'),
        ('pauses', 'select, insert, update (at_once, ended_at, ended_by, ended_reason)'),
        ('alerts', 'select'), ('alert_silences', 'select, insert, update (ended_at, ended_by)'), ('calls', 'select'), ('grants', 'select'),
        ('approvals', 'select, update (state, decided_by, decided_at, reason)'), ('ui_audit', 'select, insert, update (done_at, failed, result)'),
        ('broken_rules', 'select (stream_id, rule, place, mended_at, last_run)'), ('undos', 'select'),
        ('waiting', 'select (stream_id, event, since, overdue_at, status)'), ('waiting_needs', 'select (stream_id, event, needed, field)'),
        ('quarantine', 'select (stream_id, page, ordinal, path, reason, status, quarantined_at)'),
        ('credentials', 'select'), ('credentials_in_use', 'select'), ('circuits', 'select'), ('leases', 'select'), ('limit_alerts', 'select'),
        ('limit_buckets', 'select'), ('limit_overrides', 'select'), ('limit_samples', 'select'), ('target_states', 'select'), ('target_pauses', 'select'), ('target_comparisons', 'select'),
        ('callers', 'select'), ('caller_tiers', 'select'), ('caller_overrides', 'select'), ('caller_buckets', 'select'), ('caller_blocks', 'select'),
        ('caller_keys', 'select (key_id, caller, created_at, ends_at, used_at)'),
        ('webhook_deliveries', 'select (partner, webhook, state, received_at, last_at, times, quarantined)'),
        ('webhook_refusals', 'select'), ('webhook_work', 'select (partner, webhook, state, noted, done)'),
        ('janitor_reports', 'select'), ('janitor_findings', 'select'),
        ('reconciliations', 'select'), ('reconcile_repairs', 'select'),
        ('reconcile_listings', 'select (reconciliation, look, requests, state, deferred_until)'),
        ('reconcile_findings', 'select (reconciliation, key, kind, state, why, their_version, their_hash, our_version, our_hash, event, gone, page, request_id)'),
        ('duplicate_plans', 'select'), ('duplicate_changes', 'select'), ('duplicate_links', 'select'),
        ('duplicate_pairs', 'select, update (decision, decided_by, decided_at, reason)'),
        ('duplicate_removals', 'select'), ('duplicate_removed', 'select'),
        ('duplicate_never', 'select, insert, delete'), ('duplicate_members', 'select, insert, delete'),
        -- It starts only on a database that is up to date.
        ('migrations', 'select'), ('functions', 'select')
      ) as granted (name, rights) where to_regclass('syncline.' || name) is not null loop
    execute format('grant %s on %s to syncline_ui', each.rights, each.name);
  end loop;
  for each in select to_regclass('syncline.' || name) as name from unnest(array['streams', 'duplicate_plans', 'duplicate_pairs']) as name
      where to_regclass('syncline.' || name) is not null loop
    execute format('grant select on %s to syncline_values', each.name);
  end loop;
end $$;

-- Functions that act as their owner are for workers: they remove lines of the log, and PostgreSQL lets everybody call a function at first.
do $$
declare
  each record;
begin
  for each in select oid::regprocedure as name from pg_proc where pronamespace = 'syncline'::regnamespace and prosecdef loop
    execute format('revoke execute on function %s from public', each.name);
    execute format('grant execute on function %s to syncline_worker', each.name);
  end loop;
  if to_regprocedure('syncline.pair_values(integer, integer[])') is not null then
    grant execute on function syncline.pair_values(integer, integer[]) to syncline_ui;
  end if;
end $$;

-- The partners' schemas: workers make the tables, add columns and swap what is replaced.
do $$
declare
  schema_ text;
  each record;
begin
  if to_regclass('syncline.streams') is not null then
    for schema_ in execute 'select distinct target_schema from syncline.streams'
        || ' where exists (select from pg_namespace where nspname = target_schema)' loop
      execute format('alter schema %I owner to syncline_worker', schema_);
      for each in select c.oid::regclass as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where n.nspname = schema_ and c.relkind in ('r', 'p', 'v') loop
        execute format('alter table %s owner to syncline_worker', each.name);
      end loop;
      execute format('grant usage on schema %I to syncline_reader, syncline_ingest, syncline_values', schema_);
      execute format('grant select on all tables in schema %I to syncline_reader, syncline_values', schema_);
      execute format('grant select, insert, update, delete on all tables in schema %I to syncline_ingest', schema_);
    end loop;
  end if;
end $$;
alter default privileges for role syncline_worker grant usage on schemas to syncline_reader, syncline_ingest, syncline_values;
alter default privileges for role syncline_worker grant select on tables to syncline_reader, syncline_values;
alter default privileges for role syncline_worker grant select, insert, update, delete on tables to syncline_ingest;

commit;
