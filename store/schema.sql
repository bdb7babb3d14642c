-- What `syncline migrate` makes in an empty database, for readers and for a test. Not to be edited: after a change of migrations or
-- functions write it anew with `node --import tsx scripts/dump-schema.ts`.

create table alert_deliveries (
  delivery_id bigint generated always as identity not null,
  channel text not null,
  group_key text not null,
  alert_ids bigint[] not null,
  cause text not null,
  state text default 'pending'::text not null,
  attempts integer default 0 not null,
  error text,
  failing_since timestamp with time zone,
  created_at timestamp with time zone default now() not null,
  ended_at timestamp with time zone,
  constraint alert_deliveries_pkey PRIMARY KEY (delivery_id),
  constraint alert_deliveries_cause_check CHECK (cause = ANY (ARRAY['news'::text, 'repeat'::text, 'escalation'::text, 'test'::text])),
  constraint alert_deliveries_state_check CHECK (state = ANY (ARRAY['pending'::text, 'sent'::text, 'dropped'::text]))
);
CREATE INDEX alert_deliveries_ended ON alert_deliveries USING btree (ended_at) WHERE state <> 'pending'::text;
CREATE UNIQUE INDEX alert_deliveries_pending ON alert_deliveries USING btree (channel, group_key) WHERE state = 'pending'::text;

create table alert_notices (
  alert_id bigint not null,
  channel text not null,
  told text not null,
  at timestamp with time zone not null,
  constraint alert_notices_pkey PRIMARY KEY (alert_id, channel),
  constraint alert_notices_alert_id_fkey FOREIGN KEY (alert_id) REFERENCES alerts(alert_id) ON DELETE CASCADE,
  constraint alert_notices_told_check CHECK (told = ANY (ARRAY['open'::text, 'resolved'::text]))
);

create table alert_observations (
  name text not null,
  seen jsonb not null,
  at timestamp with time zone not null,
  constraint alert_observations_pkey PRIMARY KEY (name)
);

create table alert_silences (
  silence_id integer generated always as identity not null,
  alert_key text,
  rule text,
  severity text,
  partner text,
  stream text,
  subject text,
  reason text not null,
  by text not null,
  since timestamp with time zone default now() not null,
  until timestamp with time zone not null,
  ended_at timestamp with time zone,
  ended_by text,
  constraint alert_silences_pkey PRIMARY KEY (silence_id)
);
CREATE INDEX alert_silences_until ON alert_silences USING btree (until);

create table alert_verdicts (
  stream_id integer not null,
  point text not null,
  judged_at timestamp with time zone default now() not null,
  unusual jsonb not null,
  constraint alert_verdicts_pkey PRIMARY KEY (stream_id),
  constraint alert_verdicts_stream_id_fkey FOREIGN KEY (stream_id) REFERENCES streams(stream_id) ON DELETE CASCADE
);

create table alerts (
  alert_id bigint generated always as identity not null,
  key text collate "C" not null,
  rule text not null,
  severity text not null,
  partner text,
  stream text,
  subject text,
  since timestamp with time zone not null,
  first_seen_at timestamp with time zone not null,
  opened_at timestamp with time zone,
  last_seen_at timestamp with time zone not null,
  resolved_at timestamp with time zone,
  summary text not null,
  meaning text not null,
  what_to_do text not null,
  runbook text not null,
  constraint alerts_pkey PRIMARY KEY (alert_id),
  constraint alerts_severity_check CHECK (severity = ANY (ARRAY['page'::text, 'ticket'::text]))
);
CREATE UNIQUE INDEX alerts_open ON alerts USING btree (key) WHERE resolved_at IS NULL;
CREATE INDEX alerts_recent ON alerts USING btree (opened_at DESC) WHERE opened_at IS NOT NULL;
CREATE INDEX alerts_resolved ON alerts USING btree (resolved_at) WHERE resolved_at IS NOT NULL;

create table anomalies (
  stream_id integer not null,
  anomaly uuid not null,
  kind text not null,
  key text collate "C" not null,
  version text collate "C" not null,
  known bigint not null,
  came bigint not null,
  times bigint not null,
  first_at timestamp with time zone default now() not null,
  last_at timestamp with time zone default now() not null,
  first_run integer not null,
  last_run integer not null,
  constraint anomalies_pkey PRIMARY KEY (stream_id, anomaly),
  constraint anomalies_stream_id_fkey FOREIGN KEY (stream_id) REFERENCES streams(stream_id),
  constraint anomalies_kind_check CHECK (kind = ANY (ARRAY['same-version'::text, 'same-second'::text, 'goes-back'::text]))
);
CREATE INDEX anomalies_recent ON anomalies USING btree (stream_id, last_at DESC);

create table approvals (
  approval_id integer generated always as identity not null,
  stream_id integer not null,
  run_no integer not null,
  sync_id text not null,
  kind text not null,
  gone bigint not null,
  of bigint not null,
  examples text[] not null,
  last_page bigint not null,
  state text default 'waiting'::text not null,
  asked_at timestamp with time zone default now() not null,
  until timestamp with time zone not null,
  decided_by text,
  decided_at timestamp with time zone,
  reason text,
  constraint approvals_pkey PRIMARY KEY (approval_id),
  constraint approvals_stream_id_fkey FOREIGN KEY (stream_id) REFERENCES streams(stream_id),
  constraint approvals_check CHECK ((decided_by IS NULL) = (reason IS NULL)),
  constraint approvals_kind_check CHECK (kind = ANY (ARRAY['sweep'::text, 'events'::text])),
  constraint approvals_state_check CHECK (state = ANY (ARRAY['waiting'::text, 'approved'::text, 'rejected'::text, 'outdated'::text, 'lapsed'::text]))
);
CREATE INDEX approvals_of ON approvals USING btree (stream_id, run_no);
CREATE UNIQUE INDEX approvals_waiting ON approvals USING btree (stream_id, run_no, kind) WHERE state = 'waiting'::text;

create table asked_needs (
  partner text not null,
  needed text not null,
  field text not null,
  value text collate "C" not null,
  asked_at timestamp with time zone default now() not null,
  status integer not null,
  refused text,
  times bigint default 1 not null,
  sync_id text not null,
  constraint asked_needs_pkey PRIMARY KEY (partner, needed, field, value)
);

create table backfills (
  run_id text not null,
  stream text not null,
  plan jsonb not null,
  concurrency integer not null,
  windows integer not null,
  tally jsonb,
  noted_at timestamp with time zone default now() not null,
  constraint backfills_pkey PRIMARY KEY (run_id),
  constraint backfills_run_id_fkey FOREIGN KEY (run_id) REFERENCES runs(run_id)
);

create table broken_rules (
  stream_id integer not null,
  rule text not null,
  place uuid not null,
  of text collate "C" not null,
  found text not null,
  allowed text not null,
  keys text[] not null,
  since timestamp with time zone default now() not null,
  last_at timestamp with time zone default now() not null,
  mended_at timestamp with time zone,
  first_run integer not null,
  last_run integer not null,
  constraint broken_rules_pkey PRIMARY KEY (stream_id, rule, place),
  constraint broken_rules_stream_id_fkey FOREIGN KEY (stream_id) REFERENCES streams(stream_id)
);
CREATE INDEX broken_rules_open ON broken_rules USING btree (stream_id) WHERE mended_at IS NULL;

create table caller_audit (
  audit_id bigint generated always as identity not null,
  at timestamp with time zone default clock_timestamp() not null,
  kind text not null,
  subject text not null,
  action text not null,
  detail jsonb default '{}'::jsonb not null,
  by text,
  reason text not null,
  constraint caller_audit_pkey PRIMARY KEY (audit_id),
  constraint caller_audit_kind_check CHECK (kind = ANY (ARRAY['caller'::text, 'tier'::text, 'address'::text]))
);
CREATE INDEX caller_audit_of ON caller_audit USING btree (kind, subject, audit_id);

create table caller_blocks (
  kind text not null,
  subject text not null,
  cause text not null,
  by text,
  since timestamp with time zone default clock_timestamp() not null,
  until timestamp with time zone,
  constraint caller_blocks_pkey PRIMARY KEY (kind, subject),
  constraint caller_blocks_kind_check CHECK (kind = ANY (ARRAY['caller'::text, 'address'::text]))
);

create table caller_buckets (
  caller text not null,
  tat_us double precision default 0 not null,
  day integer default 0 not null,
  used bigint default 0 not null,
  constraint caller_buckets_pkey PRIMARY KEY (caller)
) with (fillfactor=50);

create table caller_keys (
  key_id text not null,
  caller text not null,
  hash bytea not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  ends_at timestamp with time zone,
  used_at timestamp with time zone,
  constraint caller_keys_pkey PRIMARY KEY (key_id),
  constraint caller_keys_caller_fkey FOREIGN KEY (caller) REFERENCES callers(caller),
  constraint caller_keys_hash_check CHECK (octet_length(hash) = 32),
  constraint caller_keys_key_id_check CHECK (key_id ~ '^[0-9a-f]{16}$'::text)
);
CREATE INDEX caller_keys_of ON caller_keys USING btree (caller);

create table caller_overrides (
  caller text not null,
  rate double precision,
  burst integer,
  daily bigint,
  until timestamp with time zone not null,
  constraint caller_overrides_pkey PRIMARY KEY (caller),
  constraint caller_overrides_caller_fkey FOREIGN KEY (caller) REFERENCES callers(caller),
  constraint caller_overrides_burst_check CHECK (burst > 0),
  constraint caller_overrides_daily_check CHECK (daily > 0),
  constraint caller_overrides_rate_check CHECK (rate > 0::double precision)
);

create table caller_tiers (
  tier text not null,
  rate double precision not null,
  burst integer not null,
  daily bigint,
  constraint caller_tiers_pkey PRIMARY KEY (tier),
  constraint caller_tiers_burst_check CHECK (burst > 0),
  constraint caller_tiers_daily_check CHECK (daily > 0),
  constraint caller_tiers_rate_check CHECK (rate > 0::double precision),
  constraint caller_tiers_tier_check CHECK (tier = ANY (ARRAY['critical'::text, 'normal'::text, 'bulk'::text]))
);

create table callers (
  caller text not null,
  tier text not null,
  scopes text[] not null,
  addresses cidr[],
  certificate text,
  rate double precision,
  burst integer,
  daily bigint,
  created_at timestamp with time zone default now() not null,
  revoked_at timestamp with time zone,
  constraint callers_pkey PRIMARY KEY (caller),
  constraint callers_tier_fkey FOREIGN KEY (tier) REFERENCES caller_tiers(tier),
  constraint callers_addresses_check CHECK (cardinality(addresses) > 0),
  constraint callers_burst_check CHECK (burst > 0),
  constraint callers_caller_check CHECK (caller ~ '^[a-z][a-z0-9_-]{0,62}$'::text),
  constraint callers_certificate_check CHECK (certificate ~ '^[0-9a-f]{64}$'::text),
  constraint callers_daily_check CHECK (daily > 0),
  constraint callers_rate_check CHECK (rate > 0::double precision),
  constraint callers_scopes_check CHECK (cardinality(scopes) > 0)
);

create table calls (
  call_no bigint generated always as identity not null,
  at timestamp with time zone not null,
  partner text not null,
  stream text not null,
  purpose text not null,
  sync_id text,
  run_id text,
  workflow_run_id text,
  attempt integer not null,
  page integer,
  method text not null,
  host text not null,
  path text not null,
  status integer,
  error text,
  code text,
  duration_ms integer not null,
  waited_ms integer not null,
  bytes bigint,
  request_id text,
  trace_id text,
  excerpt text,
  weight real default 1 not null,
  told text,
  told_wait_ms integer,
  made_by text,
  constraint calls_pkey PRIMARY KEY (call_no)
);
CREATE INDEX calls_by_time ON calls USING btree (at);
CREATE INDEX calls_failed ON calls USING btree (partner, at) WHERE error IS NOT NULL;
CREATE INDEX calls_of_run ON calls USING btree (run_id, at);
CREATE INDEX calls_of_stream ON calls USING btree (partner, stream, at);
CREATE INDEX calls_of_sync ON calls USING btree (sync_id, at);

create table circuits (
  credential text not null,
  partner text not null,
  state text not null,
  since timestamp with time zone not null,
  until timestamp with time zone,
  lease_ms double precision not null,
  probe integer not null,
  good_probes integer not null,
  strikes integer not null,
  streak integer not null,
  period bigint not null,
  ok integer not null,
  failed integer not null,
  ok_before integer not null,
  failed_before integer not null,
  tokens double precision not null,
  calls bigint not null,
  failures bigint not null,
  last_failure_at timestamp with time zone not null,
  last_error text not null,
  constraint circuits_pkey PRIMARY KEY (credential),
  constraint circuits_state_check CHECK (state = ANY (ARRAY['closed'::text, 'open'::text, 'probing'::text]))
) with (fillfactor=50);

create table credentials (
  credential text not null,
  partner text not null,
  blocked_until timestamp with time zone,
  blocked_reason text,
  late_us double precision default 0 not null,
  late_at_us double precision default 0 not null,
  factor double precision default 1 not null,
  factor_at timestamp with time zone default '-infinity'::timestamp with time zone not null,
  critical_until timestamp with time zone,
  least_us double precision,
  least_at_us double precision,
  slot_asker uuid,
  slot_asked_at timestamp with time zone,
  turn_until timestamp with time zone,
  told_left double precision,
  told_until timestamp with time zone,
  constraint credentials_pkey PRIMARY KEY (credential)
) with (fillfactor=50);

create table credentials_in_use (
  partner text not null,
  credential text not null,
  noted_at timestamp with time zone default now() not null,
  constraint credentials_in_use_pkey PRIMARY KEY (partner)
);

create table critical_work (
  credential text not null,
  work text not null,
  left_units double precision not null,
  until timestamp with time zone not null,
  constraint critical_work_pkey PRIMARY KEY (credential, work)
);

create table cursors (
  schema_name text not null,
  table_name text not null,
  place text not null,
  id text not null,
  owner text not null,
  event bigint not null,
  has_rows boolean not null,
  row_key text not null,
  unfilled text[] not null,
  updated_at timestamp with time zone default now() not null,
  constraint cursors_pkey PRIMARY KEY (schema_name, table_name, place)
);

create table duplicate_changes (
  change_id integer generated always as identity not null,
  plan_id integer not null,
  action text not null,
  scope jsonb default '{}'::jsonb not null,
  by text not null,
  reason text not null,
  begun_at timestamp with time zone default clock_timestamp() not null,
  done_to integer default 0 not null,
  links integer default 0 not null,
  held integer default 0 not null,
  ended_at timestamp with time zone,
  given_up boolean default false not null,
  constraint duplicate_changes_pkey PRIMARY KEY (change_id),
  constraint duplicate_changes_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES duplicate_plans(plan_id),
  constraint duplicate_changes_action_check CHECK (action = ANY (ARRAY['apply'::text, 'undo'::text]))
);
CREATE UNIQUE INDEX duplicate_changes_open ON duplicate_changes USING btree (plan_id) WHERE ended_at IS NULL;

create table duplicate_links (
  link_id bigint generated always as identity not null,
  name text not null,
  plan_id integer not null,
  pair integer not null,
  left_stream text collate "C" not null,
  left_row text collate "C" not null,
  right_stream text collate "C" not null,
  right_row text collate "C" not null,
  weight double precision not null,
  largest integer not null,
  made_in integer not null,
  ended_in integer,
  constraint duplicate_links_pkey PRIMARY KEY (link_id),
  constraint duplicate_links_ended_in_fkey FOREIGN KEY (ended_in) REFERENCES duplicate_changes(change_id),
  constraint duplicate_links_made_in_fkey FOREIGN KEY (made_in) REFERENCES duplicate_changes(change_id),
  constraint duplicate_links_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES duplicate_plans(plan_id)
);
CREATE UNIQUE INDEX duplicate_links_in_force ON duplicate_links USING btree (plan_id, pair) WHERE ended_in IS NULL;
CREATE INDEX duplicate_links_left ON duplicate_links USING btree (left_row, left_stream, name) WHERE ended_in IS NULL;
CREATE INDEX duplicate_links_right ON duplicate_links USING btree (right_row, right_stream, name) WHERE ended_in IS NULL;

create table duplicate_links_written (
  name text not null,
  written_at timestamp with time zone default now() not null,
  by text not null,
  rows bigint not null,
  digest text not null,
  constraint duplicate_links_written_pkey PRIMARY KEY (name)
);

create table duplicate_members (
  name text not null,
  stream text collate "C" not null,
  "row" text collate "C" not null,
  entity uuid not null,
  constraint duplicate_members_pkey PRIMARY KEY ("row", stream, name)
);
CREATE INDEX duplicate_members_entity_name_idx ON duplicate_members USING btree (entity, name);

create table duplicate_never (
  name text not null,
  left_stream text collate "C" not null,
  left_row text collate "C" not null,
  right_stream text collate "C" not null,
  right_row text collate "C" not null,
  by text not null,
  reason text not null,
  at timestamp with time zone default clock_timestamp() not null,
  constraint duplicate_never_pkey PRIMARY KEY (left_row, left_stream, right_row, right_stream, name)
);
CREATE INDEX duplicate_never_right_row_right_stream_name_idx ON duplicate_never USING btree (right_row, right_stream, name);

create table duplicate_pairs (
  plan_id integer not null,
  pair integer not null,
  left_stream text collate "C" not null,
  left_row text collate "C" not null,
  right_stream text collate "C" not null,
  right_row text collate "C" not null,
  rule text not null,
  weight double precision not null,
  probability double precision not null,
  levels jsonb not null,
  found text not null,
  cluster integer,
  held text,
  decision text,
  decided_by text,
  decided_at timestamp with time zone,
  reason text,
  constraint duplicate_pairs_pkey PRIMARY KEY (plan_id, pair),
  constraint duplicate_pairs_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES duplicate_plans(plan_id) ON DELETE CASCADE,
  constraint duplicate_pairs_check CHECK ((decision IS NULL) = (decided_by IS NULL) AND (decision IS NULL) = (decided_at IS NULL)),
  constraint duplicate_pairs_decision_check CHECK (decision = ANY (ARRAY['merge'::text, 'no'::text])),
  constraint duplicate_pairs_found_check CHECK (found = ANY (ARRAY['merge'::text, 'review'::text])),
  constraint duplicate_pairs_held_check CHECK (held = ANY (ARRAY['large'::text, 'never'::text]))
);
CREATE INDEX duplicate_pairs_left_stream_left_row_idx ON duplicate_pairs USING btree (left_stream, left_row);
CREATE INDEX duplicate_pairs_plan_id_cluster_pair_idx ON duplicate_pairs USING btree (plan_id, cluster, pair);
CREATE INDEX duplicate_pairs_right_stream_right_row_idx ON duplicate_pairs USING btree (right_stream, right_row);
CREATE INDEX duplicate_pairs_undecided ON duplicate_pairs USING btree (plan_id, cluster, weight, pair) WHERE decision IS NULL;

create table duplicate_plans (
  plan_id integer generated always as identity not null,
  name text not null,
  workflow_id text not null,
  claim uuid default gen_random_uuid() not null,
  settings jsonb not null,
  follows integer,
  by text not null,
  made_at timestamp with time zone default clock_timestamp() not null,
  state text default 'finding'::text not null,
  ready_at timestamp with time zone,
  weights jsonb,
  looked_at jsonb default '{}'::jsonb not null,
  counts jsonb default '{}'::jsonb not null,
  begun_at timestamp with time zone default clock_timestamp() not null,
  constraint duplicate_plans_pkey PRIMARY KEY (plan_id),
  constraint duplicate_plans_workflow_id_key UNIQUE (workflow_id),
  constraint duplicate_plans_follows_fkey FOREIGN KEY (follows) REFERENCES duplicate_plans(plan_id),
  constraint duplicate_plans_state_check CHECK (state = ANY (ARRAY['finding'::text, 'ready'::text, 'failed'::text]))
);
CREATE INDEX duplicate_plans_name_plan_id_idx ON duplicate_plans USING btree (name, plan_id DESC);

create table duplicate_removals (
  removal_id integer generated always as identity not null,
  plan_id integer not null,
  stream_id integer not null,
  run_no integer not null,
  sync_id text not null,
  by text not null,
  reason text not null,
  at timestamp with time zone default clock_timestamp() not null,
  removed integer,
  ended_at timestamp with time zone,
  constraint duplicate_removals_pkey PRIMARY KEY (removal_id),
  constraint duplicate_removals_sync_id_key UNIQUE (sync_id),
  constraint duplicate_removals_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES duplicate_plans(plan_id),
  constraint duplicate_removals_stream_id_fkey FOREIGN KEY (stream_id) REFERENCES streams(stream_id)
);
CREATE INDEX duplicate_removals_plan_id_idx ON duplicate_removals USING btree (plan_id);

create table duplicate_removed (
  removal_id integer not null,
  stream text collate "C" not null,
  "row" text collate "C" not null,
  constraint duplicate_removed_pkey PRIMARY KEY ("row", stream, removal_id),
  constraint duplicate_removed_removal_id_fkey FOREIGN KEY (removal_id) REFERENCES duplicate_removals(removal_id) ON DELETE CASCADE
);

create table erasures (
  erasure uuid not null,
  partner text not null,
  stream text not null,
  salt bytea not null,
  digests bytea[] not null,
  reason text not null,
  by text not null,
  at timestamp with time zone default now() not null,
  erased jsonb not null,
  pending text[] not null,
  constraint erasures_pkey PRIMARY KEY (erasure)
);

create table events (
  stream_id integer not null,
  event bigint not null,
  page bigint not null,
  ordinal integer not null,
  key text collate "C",
  version text collate "C",
  operation "char" default 'u'::"char" not null,
  event_time timestamp with time zone,
  received_at timestamp with time zone not null,
  hash uuid not null,
  payload json not null,
  received_page bigint,
  received_ordinal integer
) partition by LIST (stream_id);

create table exports (
  export uuid not null,
  target text not null,
  host text not null,
  folder text not null,
  format text not null,
  tables jsonb not null,
  by text not null,
  at timestamp with time zone default now() not null,
  state text default 'writing'::text not null,
  gone_by text,
  gone_reason text,
  constraint exports_pkey PRIMARY KEY (export),
  constraint exports_state_check CHECK (state = ANY (ARRAY['writing'::text, 'complete'::text, 'gone'::text]))
);
CREATE INDEX exports_of_stream ON exports USING gin (tables jsonb_path_ops);

create table functions (
  made_no integer generated always as identity not null,
  name text not null,
  hash text not null,
  made_at timestamp with time zone default now() not null,
  constraint functions_pkey PRIMARY KEY (made_no)
);

create table grants (
  stream_id integer not null,
  run_no integer not null,
  number integer not null,
  asked_at timestamp with time zone not null,
  given_at timestamp with time zone not null,
  ended_at timestamp with time zone,
  workflow_run_id text not null,
  attempt integer not null,
  waited_for text,
  waited_ms bigint default 0 not null,
  queued_ms bigint default 0 not null,
  pages integer default 0 not null,
  records bigint default 0 not null,
  requests integer default 0 not null,
  rate_ms integer default 0 not null,
  window_ms integer default 0 not null,
  quota_ms integer default 0 not null,
  concurrency_ms integer default 0 not null,
  partner_ms integer default 0 not null,
  lane_ms integer default 0 not null,
  outage_ms integer default 0 not null,
  ended text,
  waits_for text,
  until timestamp with time zone,
  cause text,
  constraint grants_pkey PRIMARY KEY (stream_id, run_no, number)
) with (fillfactor=80);
CREATE INDEX grants_by_time ON grants USING brin (given_at) WITH (pages_per_range='32');

create table idempotency (
  caller text not null,
  operation text not null,
  key text collate "C" not null,
  fingerprint bytea not null,
  lease uuid,
  lease_until timestamp with time zone,
  attempts integer default 1 not null,
  status integer,
  location text,
  body text,
  created_at timestamp with time zone default clock_timestamp() not null,
  expires_at timestamp with time zone not null,
  constraint idempotency_pkey PRIMARY KEY (caller, operation, key)
);
CREATE INDEX idempotency_expires_at ON idempotency USING btree (expires_at);

create table janitor_findings (
  report_id integer not null,
  kind text not null,
  place text collate "C" not null,
  count bigint not null,
  since timestamp with time zone,
  first_at timestamp with time zone not null,
  removed bigint default 0 not null,
  constraint janitor_findings_pkey PRIMARY KEY (report_id, kind, place),
  constraint janitor_findings_report_id_fkey FOREIGN KEY (report_id) REFERENCES janitor_reports(report_id) ON DELETE CASCADE
);

create table janitor_reports (
  report_id integer generated always as identity not null,
  run text not null,
  by text not null,
  mode text not null,
  at timestamp with time zone default clock_timestamp() not null,
  ended_at timestamp with time zone,
  troubles text[] default '{}'::text[] not null,
  constraint janitor_reports_pkey PRIMARY KEY (report_id),
  constraint janitor_reports_run_key UNIQUE (run),
  constraint janitor_reports_mode_check CHECK (mode = ANY (ARRAY['report'::text, 'apply'::text]))
);

create table leases (
  credential text not null,
  lease uuid not null,
  expires_at timestamp with time zone not null,
  constraint leases_pkey PRIMARY KEY (lease)
);
CREATE INDEX leases_of ON leases USING btree (credential, expires_at);

create table limit_alerts (
  alert_id integer generated always as identity not null,
  credential text not null,
  partner text not null,
  bucket text not null,
  level integer not null,
  cap double precision not null,
  used double precision not null,
  period timestamp with time zone not null,
  current_until timestamp with time zone not null,
  gone_at timestamp with time zone,
  message text not null,
  raised_at timestamp with time zone default now() not null,
  constraint limit_alerts_pkey PRIMARY KEY (alert_id),
  constraint limit_alerts_credential_bucket_level_period_cap_key UNIQUE (credential, bucket, level, period, cap)
);
CREATE INDEX limit_alerts_recent ON limit_alerts USING btree (partner, raised_at DESC);

create table limit_buckets (
  credential text not null,
  bucket text not null,
  kind text not null,
  cap double precision not null,
  period_us double precision,
  burst double precision,
  tat_us double precision default 0 not null,
  slices double precision[],
  slice_no bigint,
  slice_us bigint,
  used double precision default 0 not null,
  carried double precision default 0 not null,
  resets_us double precision,
  held double precision default 0 not null,
  constraint limit_buckets_pkey PRIMARY KEY (credential, bucket),
  constraint limit_buckets_kind_check CHECK (kind = ANY (ARRAY['rate'::text, 'window'::text, 'quota'::text, 'concurrency'::text]))
) with (fillfactor=50);

create table limit_lifts (
  lift_id integer generated always as identity not null,
  credential text not null,
  partner text not null,
  blocked_until timestamp with time zone,
  blocked_reason text,
  reason text not null,
  lifted_by text not null,
  lifted_at timestamp with time zone default now() not null,
  constraint limit_lifts_pkey PRIMARY KEY (lift_id)
);

create table limit_overrides (
  override_id integer generated always as identity not null,
  credential text not null,
  bucket text not null,
  cap double precision not null,
  reason text not null,
  set_by text not null,
  set_at timestamp with time zone default now() not null,
  expires_at timestamp with time zone,
  ended_at timestamp with time zone,
  ended_by text,
  ended_reason text,
  constraint limit_overrides_pkey PRIMARY KEY (override_id),
  constraint limit_overrides_cap_check CHECK (cap > 0::double precision)
);
CREATE INDEX limit_overrides_of ON limit_overrides USING btree (credential, bucket) WHERE ended_at IS NULL;

create table limit_samples (
  credential text not null,
  bucket text not null,
  period timestamp with time zone not null,
  at timestamp with time zone not null,
  used double precision not null,
  constraint limit_samples_pkey PRIMARY KEY (credential, bucket, at)
);

create unlogged table log_due (
  stream_id integer not null,
  event bigint not null,
  instead bigint,
  constraint log_due_pkey PRIMARY KEY (stream_id, event)
);

create table migrations (
  name text not null,
  applied_at timestamp with time zone default now(),
  constraint migrations_pkey PRIMARY KEY (name)
);

create table new_fields (
  stream_id integer not null,
  field text not null,
  types text[] not null,
  first_event bigint not null,
  made_no integer,
  made_type text,
  made_at timestamp with time zone,
  constraint new_fields_pkey PRIMARY KEY (stream_id, field),
  constraint new_fields_stream_id_fkey FOREIGN KEY (stream_id) REFERENCES streams(stream_id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX new_fields_stream_id_made_no_idx ON new_fields USING btree (stream_id, made_no) WHERE made_no IS NOT NULL;

create table pages (
  page_key uuid not null,
  stream_id integer not null,
  page_id bigint not null,
  run_no integer not null,
  page_no integer not null,
  slice integer not null,
  parents text[],
  cursor_in text,
  cursor_out text,
  status integer not null,
  request_id text,
  bytes integer not null,
  fetched integer not null,
  inserted integer not null,
  updated integer not null,
  unchanged integer not null,
  stale integer not null,
  deleted integer not null,
  waiting integer not null,
  quarantined integer not null,
  conflicts integer not null,
  fetched_at timestamp with time zone not null,
  committed_at timestamp with time zone default clock_timestamp() not null,
  workflow_run_id text not null,
  attempt integer not null,
  keys bigint[],
  kind text default 'page'::text not null,
  caller text,
  constraint pages_pkey PRIMARY KEY (page_key),
  constraint pages_stream_id_page_id_key UNIQUE (stream_id, page_id),
  constraint pages_stream_id_run_no_page_no_key UNIQUE (stream_id, run_no, page_no),
  constraint pages_stream_id_fkey FOREIGN KEY (stream_id) REFERENCES streams(stream_id),
  constraint pages_check CHECK (fetched = (inserted + updated + unchanged + stale + deleted + waiting + quarantined))
);

create table pauses (
  pause_id integer generated always as identity not null,
  scope text not null,
  target text not null,
  partner text not null,
  reason text not null,
  at_once boolean default false not null,
  paused_by text not null,
  paused_at timestamp with time zone default now() not null,
  ended_by text,
  ended_at timestamp with time zone,
  ended_reason text,
  constraint pauses_pkey PRIMARY KEY (pause_id),
  constraint pauses_check CHECK ((ended_at IS NULL) = (ended_by IS NULL)),
  constraint pauses_scope_check CHECK (scope = ANY (ARRAY['partner'::text, 'run'::text, 'stream'::text]))
);
CREATE UNIQUE INDEX pauses_in_force ON pauses USING btree (scope, target) WHERE ended_at IS NULL;
CREATE INDEX pauses_of_partner ON pauses USING btree (partner, paused_at DESC);

create table quarantine (
  stream_id integer not null,
  page bigint not null,
  ordinal integer not null,
  key text collate "C",
  path text not null,
  reason text not null,
  hash uuid not null,
  payload text,
  definition_version text not null,
  status text default 'held'::text not null,
  quarantined_at timestamp with time zone default now() not null,
  settled_at timestamp with time zone,
  count integer default 1 not null,
  last_seen_at timestamp with time zone,
  last_page bigint,
  last_ordinal integer,
  superseded_at timestamp with time zone,
  version text collate "C",
  version_form text,
  constraint quarantine_pkey PRIMARY KEY (stream_id, page, ordinal),
  constraint quarantine_stream_id_fkey FOREIGN KEY (stream_id) REFERENCES streams(stream_id),
  constraint quarantine_status_check CHECK (status = ANY (ARRAY['held'::text, 'replayed'::text, 'dismissed'::text, 'undone'::text]))
);
CREATE INDEX quarantine_by_hash ON quarantine USING btree (stream_id, hash) WHERE status <> 'replayed'::text;
CREATE INDEX quarantine_by_key ON quarantine USING btree (stream_id, key) WHERE status = 'held'::text AND superseded_at IS NULL;
CREATE INDEX quarantine_held ON quarantine USING btree (stream_id, quarantined_at) WHERE status = 'held'::text;
CREATE INDEX quarantine_recent ON quarantine USING btree (quarantined_at DESC, page, ordinal);

create table quarantine_sightings (
  stream_id integer not null,
  page bigint not null,
  ordinal integer not null,
  run_no integer not null,
  count integer not null,
  constraint quarantine_sightings_pkey PRIMARY KEY (stream_id, page, ordinal, run_no),
  constraint quarantine_sightings_stream_id_page_ordinal_fkey FOREIGN KEY (stream_id, page, ordinal) REFERENCES quarantine(stream_id, page, ordinal) ON DELETE CASCADE
);

create table read_parents (
  stream_id integer not null,
  parent text collate "C" not null,
  run_no integer not null,
  constraint read_parents_pkey PRIMARY KEY (stream_id, parent),
  constraint read_parents_stream_id_fkey FOREIGN KEY (stream_id) REFERENCES streams(stream_id)
);

create table reconcile_asked (
  reconciliation text not null,
  look integer not null,
  key_hash uuid not null,
  key text collate "C" not null,
  asked_at timestamp with time zone,
  refused text,
  constraint reconcile_asked_pkey PRIMARY KEY (reconciliation, look, key_hash),
  constraint reconcile_asked_reconciliation_fkey FOREIGN KEY (reconciliation) REFERENCES reconciliations(reconciliation) ON DELETE CASCADE
);
CREATE INDEX reconcile_asked_open ON reconcile_asked USING btree (reconciliation, look) WHERE asked_at IS NULL;

create table reconcile_findings (
  reconciliation text not null,
  key_hash uuid not null,
  key text collate "C" not null,
  kind text not null,
  state text default 'candidate'::text not null,
  why text,
  their_version text collate "C",
  their_hash uuid,
  changed_at timestamp with time zone,
  our_version text collate "C",
  our_hash uuid,
  event bigint,
  gone boolean default false not null,
  page integer,
  request_id text,
  found_at timestamp with time zone default now() not null,
  settled_at timestamp with time zone,
  constraint reconcile_findings_pkey PRIMARY KEY (reconciliation, key_hash),
  constraint reconcile_findings_reconciliation_fkey FOREIGN KEY (reconciliation) REFERENCES reconciliations(reconciliation) ON DELETE CASCADE,
  constraint reconcile_findings_kind_check CHECK (kind = ANY (ARRAY['missing'::text, 'extra'::text, 'stale'::text, 'different'::text, 'newer-in-store'::text])),
  constraint reconcile_findings_state_check CHECK (state = ANY (ARRAY['candidate'::text, 'open'::text, 'explained'::text, 'unproven'::text, 'repaired'::text]))
);
CREATE INDEX reconcile_findings_by_state ON reconcile_findings USING btree (reconciliation, state, kind, key);

create table reconcile_listings (
  listing_id integer generated always as identity not null,
  reconciliation text not null,
  look integer not null,
  sync_id text not null,
  range_from timestamp with time zone,
  range_to timestamp with time zone,
  checkpoint text not null,
  page_no integer default 0 not null,
  empty_pages integer default 0 not null,
  records bigint default 0 not null,
  unfit bigint default 0 not null,
  skipped bigint default 0 not null,
  requests bigint default 0 not null,
  bytes bigint default 0 not null,
  partner_total bigint,
  state text default 'running'::text not null,
  doubt text,
  deferred_until timestamp with time zone,
  deferred_cause text,
  began_at timestamp with time zone default now() not null,
  finished_at timestamp with time zone,
  constraint reconcile_listings_pkey PRIMARY KEY (listing_id),
  constraint reconcile_listings_reconciliation_look_key UNIQUE (reconciliation, look),
  constraint reconcile_listings_sync_id_key UNIQUE (sync_id),
  constraint reconcile_listings_reconciliation_fkey FOREIGN KEY (reconciliation) REFERENCES reconciliations(reconciliation) ON DELETE CASCADE,
  constraint reconcile_listings_state_check CHECK (state = ANY (ARRAY['running'::text, 'done'::text]))
);

create table reconcile_pages (
  listing_id integer not null,
  page_no integer not null,
  page_key uuid not null,
  status integer not null,
  request_id text,
  fetched_at timestamp with time zone not null,
  workflow_run_id text not null,
  attempt integer not null,
  constraint reconcile_pages_pkey PRIMARY KEY (listing_id, page_no),
  constraint reconcile_pages_listing_id_page_key_key UNIQUE (listing_id, page_key),
  constraint reconcile_pages_listing_id_fkey FOREIGN KEY (listing_id) REFERENCES reconcile_listings(listing_id) ON DELETE CASCADE
);

create table reconcile_repairs (
  sync_id text not null,
  reconciliation text not null,
  kinds text[] not null,
  by text not null,
  state text default 'running'::text not null,
  reason text,
  started_at timestamp with time zone default now() not null,
  finished_at timestamp with time zone,
  constraint reconcile_repairs_pkey PRIMARY KEY (sync_id),
  constraint reconcile_repairs_reconciliation_fkey FOREIGN KEY (reconciliation) REFERENCES reconciliations(reconciliation) ON DELETE CASCADE,
  constraint reconcile_repairs_state_check CHECK (state = ANY (ARRAY['running'::text, 'done'::text, 'failed'::text]))
);
CREATE INDEX reconcile_repairs_of ON reconcile_repairs USING btree (reconciliation);

create table reconcile_seen (
  listing_id integer not null,
  key_hash uuid not null,
  key text collate "C" not null,
  version text collate "C",
  hash uuid not null,
  operation "char" not null,
  changed_at timestamp with time zone,
  page integer not null,
  ordinal integer not null,
  constraint reconcile_seen_pkey PRIMARY KEY (listing_id, key_hash),
  constraint reconcile_seen_listing_id_fkey FOREIGN KEY (listing_id) REFERENCES reconcile_listings(listing_id) ON DELETE CASCADE
);

create table reconciliations (
  reconciliation text not null,
  stream_id integer not null,
  level text not null,
  range_from timestamp with time zone,
  range_to timestamp with time zone,
  sample integer,
  asked integer,
  definition_version text not null,
  synced_to timestamp with time zone,
  state text default 'running'::text not null,
  verdict text,
  reason text,
  seen bigint,
  unfit bigint,
  in_flight bigint,
  partner_total bigint,
  store_total bigint,
  synced_by text,
  started_at timestamp with time zone default now() not null,
  finished_at timestamp with time zone,
  findings_were jsonb,
  findings_removed_at timestamp with time zone,
  constraint reconciliations_pkey PRIMARY KEY (reconciliation),
  constraint reconciliations_stream_id_fkey FOREIGN KEY (stream_id) REFERENCES streams(stream_id),
  constraint reconciliations_check CHECK ((state = 'done'::text) = (verdict IS NOT NULL)),
  constraint reconciliations_level_check CHECK (level = ANY (ARRAY['counts'::text, 'keys'::text, 'versions'::text, 'content'::text])),
  constraint reconciliations_state_check CHECK (state = ANY (ARRAY['running'::text, 'done'::text, 'failed'::text])),
  constraint reconciliations_verdict_check CHECK (verdict = ANY (ARRAY['clean'::text, 'differs'::text, 'unproven'::text]))
);
CREATE INDEX reconciliations_of_stream ON reconciliations USING btree (stream_id, started_at DESC);

create table removals (
  stream_id integer not null,
  day date not null,
  up_to bigint default 0 not null,
  horizon bigint default 0 not null,
  lines bigint default 0 not null,
  bytes bigint default 0 not null,
  pages bigint default 0 not null,
  constraint removals_pkey PRIMARY KEY (stream_id, day),
  constraint removals_stream_id_fkey FOREIGN KEY (stream_id) REFERENCES streams(stream_id)
);

create table runs (
  run_id text not null,
  partner text not null,
  kind text not null,
  window_label text not null,
  generation integer not null,
  streams text[] not null,
  workflow_run_id text not null,
  started_at timestamp with time zone default now() not null,
  finished_at timestamp with time zone,
  outcome text,
  reason text,
  constraint runs_pkey PRIMARY KEY (run_id),
  constraint runs_outcome_check CHECK (outcome = ANY (ARRAY['ok'::text, 'partial'::text, 'deferred'::text, 'suspect'::text, 'failed'::text]))
);
CREATE INDEX runs_backfills ON runs USING btree (started_at DESC) WHERE kind = 'backfill'::text;
CREATE INDEX runs_not_ok ON runs USING btree (outcome, started_at DESC) WHERE outcome <> 'ok'::text;
CREATE INDEX runs_of_partner ON runs USING btree (partner, started_at DESC);
CREATE INDEX runs_of_window ON runs USING btree (partner, window_label, generation DESC);
CREATE INDEX runs_open ON runs USING btree (partner, started_at DESC) WHERE finished_at IS NULL;
CREATE INDEX runs_recent ON runs USING btree (started_at DESC);

create table staging_files (
  host text not null,
  path text not null,
  since timestamp with time zone not null,
  seen_at timestamp with time zone default now() not null,
  removed_at timestamp with time zone,
  constraint staging_files_pkey PRIMARY KEY (host, path)
);

create table stream_runs (
  stream_id integer not null,
  run_no integer not null,
  sync_id text not null,
  run_id text,
  window_label text not null,
  kind text not null,
  lane text not null,
  range_from timestamp with time zone,
  range_to timestamp with time zone,
  definition_version text not null,
  state text not null,
  outcome text,
  reason text,
  checkpoint text not null,
  page_no integer default 0 not null,
  fetched bigint default 0 not null,
  inserted bigint default 0 not null,
  updated bigint default 0 not null,
  unchanged bigint default 0 not null,
  stale bigint default 0 not null,
  deleted bigint default 0 not null,
  waiting bigint default 0 not null,
  quarantined bigint default 0 not null,
  conflicts bigint default 0 not null,
  removed bigint default 0 not null,
  requests bigint default 0 not null,
  skipped bigint default 0 not null,
  bytes bigint default 0 not null,
  partner_total bigint,
  high_mark text collate "C",
  validators jsonb,
  not_modified boolean default false not null,
  deferred_until timestamp with time zone,
  started_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  finished_at timestamp with time zone,
  deferred_cause text,
  deferred_cause_until timestamp with time zone,
  deferred_kind text,
  settled bigint default 0 not null,
  target_table text,
  remark text,
  unfit bigint default 0 not null,
  began_at timestamp with time zone,
  sweep bigint,
  undone_at timestamp with time zone,
  accepted_at timestamp with time zone,
  accepted_by text,
  accepted_reason text,
  constraint stream_runs_pkey PRIMARY KEY (stream_id, run_no),
  constraint stream_runs_sync_id_key UNIQUE (sync_id),
  constraint stream_runs_run_id_fkey FOREIGN KEY (run_id) REFERENCES runs(run_id),
  constraint stream_runs_stream_id_fkey FOREIGN KEY (stream_id) REFERENCES streams(stream_id),
  constraint balance CHECK (fetched = (inserted + updated + unchanged + stale + deleted + waiting + quarantined)),
  constraint stream_runs_outcome_check CHECK (outcome = ANY (ARRAY['ok'::text, 'partial'::text, 'deferred'::text, 'suspect'::text, 'failed'::text])),
  constraint stream_runs_state_check CHECK (state = ANY (ARRAY['running'::text, 'done'::text, 'failed'::text]))
);
CREATE INDEX stream_runs_ended ON stream_runs USING btree (stream_id, finished_at) WHERE kind <> 'backfill'::text AND finished_at IS NOT NULL;
CREATE INDEX stream_runs_fetching ON stream_runs USING btree (sync_id) WHERE kind = 'fetch'::text AND state = 'running'::text;
CREATE INDEX stream_runs_good ON stream_runs USING btree (stream_id, finished_at DESC) WHERE (outcome = ANY (ARRAY['ok'::text, 'partial'::text])) AND (kind = ANY (ARRAY['nightly'::text, 'manual'::text])) AND POSITION(('..'::text) IN (window_label)) < 2;
CREATE INDEX stream_runs_of_nights ON stream_runs USING btree (stream_id, run_no) WHERE kind <> 'backfill'::text;
CREATE INDEX stream_runs_of_run ON stream_runs USING btree (run_id);
CREATE INDEX stream_runs_of_window ON stream_runs USING btree (stream_id, window_label);
CREATE INDEX stream_runs_open ON stream_runs USING btree (stream_id) WHERE state = 'running'::text;
CREATE INDEX stream_runs_recent ON stream_runs USING btree (stream_id, finished_at DESC);

create table streams (
  stream_id integer generated always as identity not null,
  partner text not null,
  name text not null,
  target_schema text not null,
  target_table text not null,
  disposition text not null,
  definition_version text not null,
  last_event bigint default 0 not null,
  last_page bigint default 0 not null,
  last_run integer default 0 not null,
  watermark text collate "C",
  validators jsonb,
  created_at timestamp with time zone default now() not null,
  emptied_at timestamp with time zone,
  swept bigint,
  swept_rows bigint,
  kept_cursor text,
  poll_hint jsonb,
  targets text[],
  transforms text,
  unfilled text[] default '{}'::text[] not null,
  log_from bigint default 0 not null,
  rules_checked text,
  children text,
  fields_seen bigint default 0 not null,
  made_columns integer default 0 not null,
  constraint streams_pkey PRIMARY KEY (stream_id),
  constraint streams_partner_name_key UNIQUE (partner, name)
);

create table target_comparisons (
  comparison integer generated always as identity not null,
  run_id text not null,
  target text not null,
  stream_id integer not null,
  table_name text not null,
  state text default 'running'::text not null,
  verdict text,
  reason text,
  store_rows bigint,
  target_rows bigint,
  buckets integer[],
  buckets_differ integer,
  target_event bigint,
  missing bigint default 0 not null,
  extra bigint default 0 not null,
  different bigint default 0 not null,
  in_flight bigint default 0 not null,
  left_out bigint default 0 not null,
  started_at timestamp with time zone default now() not null,
  finished_at timestamp with time zone,
  constraint target_comparisons_pkey PRIMARY KEY (comparison),
  constraint target_comparisons_run_id_key UNIQUE (run_id),
  constraint target_comparisons_stream_id_fkey FOREIGN KEY (stream_id) REFERENCES streams(stream_id),
  constraint target_comparisons_check CHECK ((state = 'done'::text) = (verdict IS NOT NULL)),
  constraint target_comparisons_state_check CHECK (state = ANY (ARRAY['running'::text, 'done'::text, 'failed'::text])),
  constraint target_comparisons_verdict_check CHECK (verdict = ANY (ARRAY['clean'::text, 'differs'::text, 'unproven'::text]))
);
CREATE INDEX target_comparisons_differ ON target_comparisons USING btree (stream_id) WHERE verdict = 'differs'::text;
CREATE INDEX target_comparisons_of ON target_comparisons USING btree (stream_id, target, table_name, comparison DESC);
CREATE INDEX target_comparisons_running ON target_comparisons USING btree (comparison) WHERE state = 'running'::text;

create table target_findings (
  comparison integer not null,
  place integer not null,
  key text collate "C",
  kind text not null,
  store_event bigint,
  target_event bigint,
  constraint target_findings_pkey PRIMARY KEY (comparison, place),
  constraint target_findings_comparison_fkey FOREIGN KEY (comparison) REFERENCES target_comparisons(comparison) ON DELETE CASCADE,
  constraint target_findings_kind_check CHECK (kind = ANY (ARRAY['missing'::text, 'extra'::text, 'different'::text]))
);

create table target_pauses (
  target text not null,
  reason text not null,
  by text not null,
  since timestamp with time zone default now() not null,
  constraint target_pauses_pkey PRIMARY KEY (target)
);

create table target_states (
  target text not null,
  partner text not null,
  stream text not null,
  cursor bigint default 0 not null,
  behind_since timestamp with time zone,
  applied_at timestamp with time zone,
  rows bigint default 0 not null,
  error text,
  error_at timestamp with time zone,
  table_id text,
  unfit jsonb default '{}'::jsonb not null,
  changed_table text,
  changed_how text,
  changed_at timestamp with time zone,
  anew_at timestamp with time zone,
  constraint target_states_pkey PRIMARY KEY (target, partner, stream)
);

create table tokens (
  credential text not null,
  sealed bytea not null,
  updated_at timestamp with time zone default now() not null,
  constraint tokens_pkey PRIMARY KEY (credential)
);

create table tombstones (
  stream_id integer not null,
  key_hash uuid not null,
  key text collate "C" not null,
  event bigint not null,
  version text collate "C",
  hash uuid not null,
  received_page bigint not null,
  received_ordinal integer not null,
  swept boolean default false not null,
  at timestamp with time zone not null,
  known boolean default false not null,
  removed boolean default false not null,
  constraint tombstones_pkey PRIMARY KEY (stream_id, key_hash),
  constraint tombstones_stream_id_fkey FOREIGN KEY (stream_id) REFERENCES streams(stream_id)
);

create table touched_tables (
  id text not null,
  how text not null,
  by text not null,
  at timestamp with time zone not null
);
CREATE INDEX touched_tables_id ON touched_tables USING btree (id);

create table ui_audit (
  audit_id bigint generated always as identity not null,
  at timestamp with time zone default clock_timestamp() not null,
  by text not null,
  how text not null,
  action text not null,
  partner text not null,
  target text not null,
  reason text not null,
  done_at timestamp with time zone,
  failed boolean,
  result text,
  constraint ui_audit_pkey PRIMARY KEY (audit_id)
);

create table undo_changes (
  undo_id integer not null,
  stream_id integer not null,
  event bigint not null,
  kind text not null,
  operation "char" not null,
  version text collate "C",
  hash uuid not null,
  constraint undo_changes_pkey PRIMARY KEY (undo_id, stream_id, event),
  constraint undo_changes_undo_id_fkey FOREIGN KEY (undo_id) REFERENCES undos(undo_id),
  constraint undo_changes_kind_check CHECK (kind = ANY (ARRAY['decided'::text, 'withdrawn'::text]))
);
CREATE INDEX undo_changes_of ON undo_changes USING btree (stream_id, event) WHERE kind = 'withdrawn'::text;

create table undo_waiting (
  undo_id integer not null,
  stream_id integer not null,
  event bigint not null,
  was jsonb not null,
  constraint undo_waiting_pkey PRIMARY KEY (undo_id, stream_id, event),
  constraint undo_waiting_undo_id_fkey FOREIGN KEY (undo_id) REFERENCES undos(undo_id)
);

create table undos (
  undo_id integer generated always as identity not null,
  stream_id integer not null,
  run_no integer not null,
  by text not null,
  reason text not null,
  at timestamp with time zone default clock_timestamp() not null,
  last_run integer not null,
  effects jsonb default '{}'::jsonb not null,
  reading jsonb not null,
  pending text[] default '{}'::text[] not null,
  back_by text,
  back_reason text,
  back_at timestamp with time zone,
  back_last_run integer,
  constraint undos_pkey PRIMARY KEY (undo_id),
  constraint undos_stream_id_fkey FOREIGN KEY (stream_id) REFERENCES streams(stream_id),
  constraint undos_stream_id_run_no_fkey FOREIGN KEY (stream_id, run_no) REFERENCES stream_runs(stream_id, run_no),
  constraint undos_check CHECK ((back_at IS NULL) = (back_by IS NULL) AND (back_at IS NULL) = (back_reason IS NULL))
);
CREATE UNIQUE INDEX undos_in_force ON undos USING btree (stream_id, run_no) WHERE back_at IS NULL;

create table waiting (
  stream_id integer not null,
  event bigint not null,
  since timestamp with time zone default now() not null,
  key text collate "C",
  hash uuid not null,
  page bigint not null,
  ordinal integer not null,
  needs jsonb not null,
  overdue_at timestamp with time zone not null,
  superseded_at timestamp with time zone,
  status text default 'waiting'::text not null,
  settled_at timestamp with time zone,
  fate text,
  settled_event bigint,
  by_stream text,
  by_event bigint,
  by_person text,
  reason text,
  constraint waiting_pkey PRIMARY KEY (stream_id, event),
  constraint waiting_stream_id_fkey FOREIGN KEY (stream_id) REFERENCES streams(stream_id),
  constraint waiting_check CHECK ((status = 'waiting'::text) = (settled_at IS NULL)),
  constraint waiting_status_check CHECK (status = ANY (ARRAY['waiting'::text, 'released'::text, 'dropped'::text, 'refused'::text, 'undone'::text]))
);
CREATE INDEX waiting_by_key ON waiting USING btree (stream_id, key);
CREATE INDEX waiting_by_page ON waiting USING btree (stream_id, page);
CREATE INDEX waiting_open ON waiting USING btree (stream_id, overdue_at) WHERE status = 'waiting'::text;

create table waiting_needs (
  stream_id integer not null,
  event bigint not null,
  needed text not null,
  field text not null,
  value text collate "C" not null,
  constraint waiting_needs_stream_id_event_fkey FOREIGN KEY (stream_id, event) REFERENCES waiting(stream_id, event) ON DELETE CASCADE
);
CREATE INDEX waiting_needs_by_event ON waiting_needs USING btree (stream_id, event);
CREATE INDEX waiting_needs_by_value ON waiting_needs USING btree (stream_id, needed, field, value);

create table webhook_deliveries (
  delivery_no bigint generated always as identity not null,
  partner text not null,
  webhook text not null,
  delivery_id text collate "C" not null,
  body_hash bytea not null,
  event_type text,
  state text not null,
  reason text,
  body bytea,
  records integer default 0 not null,
  quarantined integer default 0 not null,
  times integer default 1 not null,
  received_at timestamp with time zone default clock_timestamp() not null,
  last_at timestamp with time zone default clock_timestamp() not null,
  constraint webhook_deliveries_pkey PRIMARY KEY (delivery_no),
  constraint webhook_deliveries_partner_webhook_delivery_id_key UNIQUE (partner, webhook, delivery_id),
  constraint webhook_deliveries_state_check CHECK (state = ANY (ARRAY['taken'::text, 'ignored'::text, 'failed'::text]))
);
CREATE INDEX webhook_deliveries_failed ON webhook_deliveries USING btree (partner, webhook) WHERE state = 'failed'::text;
CREATE INDEX webhook_deliveries_old ON webhook_deliveries USING btree (received_at);
CREATE INDEX webhook_deliveries_received ON webhook_deliveries USING btree (partner, webhook, received_at);

create table webhook_refusals (
  partner text not null,
  webhook text not null,
  reason text not null,
  day date not null,
  count bigint not null,
  last_at timestamp with time zone default clock_timestamp() not null,
  constraint webhook_refusals_pkey PRIMARY KEY (partner, webhook, reason, day)
);

create table webhook_work (
  partner text not null,
  kind text not null,
  stream text not null,
  key text collate "C" not null,
  webhook text not null,
  noted bigint default 1 not null,
  done bigint default 0 not null,
  state text default 'open'::text not null,
  attempts integer default 0 not null,
  reason text,
  run_id text,
  noted_at timestamp with time zone default clock_timestamp() not null,
  due_at timestamp with time zone not null,
  constraint webhook_work_pkey PRIMARY KEY (partner, kind, stream, key),
  constraint webhook_work_kind_check CHECK (kind = ANY (ARRAY['hint'::text, 'sync'::text])),
  constraint webhook_work_state_check CHECK (state = ANY (ARRAY['open'::text, 'failed'::text]))
);
CREATE INDEX webhook_work_due ON webhook_work USING btree (partner, kind, due_at) WHERE state = 'open'::text AND noted > done;

create view batches as
 SELECT s.partner,
    s.name AS stream,
    p.stream_id,
    p.page_id AS batch,
    p.kind,
    p.page_key AS batch_key,
    p.run_no,
    r.sync_id,
    p.fetched,
    p.inserted,
    p.updated,
    p.unchanged,
    p.stale,
    p.deleted,
    p.waiting,
    p.quarantined,
    p.conflicts,
    p.fetched_at,
    p.committed_at
   FROM pages p
     JOIN streams s USING (stream_id)
     JOIN stream_runs r ON r.stream_id = p.stream_id AND r.run_no = p.run_no;

create view freshness as
 SELECT s.partner,
    s.name AS stream,
    s.target_schema AS table_schema,
    s.target_table AS table_name,
        CASE
            WHEN cardinality(w.reasons) = 0 THEN 'final'::text
            ELSE 'reconciling'::text
        END AS state,
    w.reasons,
    s.definition_version,
        CASE
            WHEN pg_input_is_valid(s.watermark, 'timestamptz'::text) THEN s.watermark::timestamp with time zone
            ELSE NULL::timestamp with time zone
        END AS watermark,
    good.started_at AS as_of,
    good.run AS last_ok_run,
    good.finished_at AS last_ok_at,
    ended.run AS last_run,
    ended.outcome AS last_outcome,
    ended.finished_at AS last_ended_at,
    u.running,
    n.waiting,
    n.quarantined,
    n.held,
    n.anomalies,
    COALESCE(t.targets, '{}'::jsonb) AS targets
   FROM streams s
     LEFT JOIN LATERAL ( SELECT r.outcome,
            COALESCE(r.run_id, r.sync_id) AS run,
            r.finished_at
           FROM stream_runs r
          WHERE r.stream_id = s.stream_id AND r.finished_at IS NOT NULL AND (r.kind = ANY (ARRAY['nightly'::text, 'manual'::text])) AND POSITION(('..'::text) IN (r.window_label)) = 0
          ORDER BY r.run_no DESC
         LIMIT 1) ended ON true
     LEFT JOIN LATERAL ( SELECT COALESCE(r.run_id, r.sync_id) AS run,
            r.started_at,
            r.finished_at
           FROM stream_runs r
          WHERE r.stream_id = s.stream_id AND r.outcome = 'ok'::text AND (r.kind = ANY (ARRAY['nightly'::text, 'manual'::text])) AND POSITION(('..'::text) IN (r.window_label)) = 0
          ORDER BY r.run_no DESC
         LIMIT 1) good ON true
     LEFT JOIN LATERAL ( SELECT p.finished_at,
            p.reason ~ (('(^|; )'::text || s.name) || ' failed: '::text) AS failed
           FROM runs p
          WHERE p.partner = s.partner AND (s.name = ANY (p.streams)) AND p.kind <> 'backfill'::text
          ORDER BY p.started_at DESC
         LIMIT 1) stopped ON true
     CROSS JOIN LATERAL ( SELECT (EXISTS ( SELECT
                   FROM stream_runs r
                  WHERE r.stream_id = s.stream_id AND r.state = 'running'::text)) AS running) u
     CROSS JOIN LATERAL ( SELECT ( SELECT count(*) AS count
                   FROM waiting x
                  WHERE x.stream_id = s.stream_id AND COALESCE(to_jsonb(x.*) ->> 'status'::text, 'waiting'::text) = 'waiting'::text) AS waiting,
            ( SELECT count(*) AS count
                   FROM quarantine q
                  WHERE q.stream_id = s.stream_id AND q.status = 'held'::text) AS quarantined,
            ( SELECT count(*) AS count
                   FROM approvals h
                  WHERE h.stream_id = s.stream_id AND h.state = 'waiting'::text AND h.until > now() AND h.last_page = s.last_page AND h.run_no = s.last_run) AS held,
            ( SELECT count(*) AS count
                   FROM anomalies a
                  WHERE a.stream_id = s.stream_id AND (a.kind <> 'goes-back'::text OR a.times >= 3)) AS anomalies) n
     LEFT JOIN LATERAL ( SELECT jsonb_object_agg(l.target, jsonb_build_object('behind', l.behind, 'since', l.since, 'lacks', l.lacks)) AS targets,
            array_agg((((l.target || ' is '::text) || l.behind) ||
                CASE l.behind
                    WHEN 1 THEN ' event'::text
                    ELSE ' events'::text
                END) || ' behind'::text ORDER BY l.target) FILTER (WHERE l.behind > 0) || array_agg((l.target || ' lacks events that fit no longer: '::text) || l.lacks ORDER BY l.target) FILTER (WHERE l.lacks > 0) AS reasons
           FROM ( SELECT d_1.target,
                    GREATEST(0::bigint, COALESCE(
                        CASE
                            WHEN s.disposition = 'replace'::text THEN s.swept
                            ELSE s.last_event
                        END, 0::bigint) - COALESCE(x.cursor, 0::bigint)) AS behind,
                    x.behind_since AS since,
                    COALESCE(((x.unfit -> x.table_id) ->> 'count'::text)::bigint, 0::bigint) AS lacks
                   FROM ( SELECT unnest(COALESCE(s.targets, ARRAY( SELECT y.target
                                   FROM target_states y
                                  WHERE y.partner = s.partner AND y.stream = s.name))) AS unnest) d_1(target)
                     LEFT JOIN target_states x ON x.partner = s.partner AND (x.target = d_1.target AND x.stream = s.name OR (x.target || '.history'::text) = d_1.target AND x.stream = (s.name || '.history'::text))) l) t ON true
     CROSS JOIN LATERAL ( SELECT (EXISTS ( SELECT
                   FROM undos b
                  WHERE b.stream_id = s.stream_id AND (b.back_at IS NULL OR b.back_last_run IS NOT NULL) AND NOT (EXISTS ( SELECT
                           FROM stream_runs r
                          WHERE r.stream_id = s.stream_id AND r.run_no > COALESCE(b.back_last_run, b.last_run) AND (r.outcome = ANY (ARRAY['ok'::text, 'partial'::text])) AND (r.kind = ANY (ARRAY['nightly'::text, 'manual'::text])) AND POSITION(('..'::text) IN (r.window_label)) < 2)))) AS undone) d
     CROSS JOIN LATERAL ( SELECT array_remove(ARRAY[
                CASE
                    WHEN ended.outcome IS NULL THEN 'no run has brought it up to date yet'::text
                    WHEN ended.outcome <> 'ok'::text THEN 'the last run ended as '::text || ended.outcome
                    ELSE NULL::text
                END,
                CASE
                    WHEN stopped.failed AND stopped.finished_at > COALESCE(ended.finished_at, '-infinity'::timestamp with time zone) THEN 'the last run failed before it could begin'::text
                    ELSE NULL::text
                END,
                CASE
                    WHEN d.undone THEN 'a run was undone, or that was taken back, and the next one has to read again'::text
                    ELSE NULL::text
                END,
                CASE
                    WHEN u.running THEN 'a run is under way'::text
                    ELSE NULL::text
                END,
                CASE
                    WHEN n.waiting > 0 THEN n.waiting || ' waiting'::text
                    ELSE NULL::text
                END,
                CASE
                    WHEN n.quarantined > 0 THEN n.quarantined || ' in quarantine'::text
                    ELSE NULL::text
                END,
                CASE
                    WHEN n.held > 0 THEN n.held || ' held for approval'::text
                    ELSE NULL::text
                END], NULL::text) || COALESCE(t.reasons, '{}'::text[]) AS reasons) w;

create function abandon_turn(p_credential text, p_now_us double precision) returns void
  language sql volatile;
  -- body: sha256 901d2fb3e387338f

create function add_event_partition(p_stream integer) returns void
  language plpgsql volatile security definer set search_path = syncline, pg_temp;
  -- body: sha256 8cdffa3b033343c3

create function begin_turn(p_credential text, p_partner text, p_buckets jsonb, p_charges double precision[], p_shares double precision[], p_critical boolean, p_leases uuid[], p_freed uuid[], p_lease_ms integer, p_asker uuid, p_late_us double precision, p_most_late_us double precision, p_ahead_us double precision, p_works text[] DEFAULT NULL::text[], p_lefts double precision[] DEFAULT NULL::double precision[], OUT granted integer, OUT wait_ms double precision, OUT cause text, OUT valid_ms double precision, OUT period_us double precision, OUT tat_in_us double precision, OUT least_us double precision, OUT probe integer, OUT down boolean) returns record
  language plpgsql volatile;
  -- body: sha256 8b60cf4d5f8a2445

create function block_credential(p_credential text, p_partner text, p_wait_ms double precision, p_reason text, p_cut boolean) returns timestamp with time zone
  language sql volatile;
  -- body: sha256 5c46c066571e760e

create function circuit_abandon(p_credential text, p_probe integer, p_now timestamp with time zone DEFAULT clock_timestamp()) returns void
  language sql volatile;
  -- body: sha256 b6eb050a135f86ef

create function circuit_gate(p_credential text, p_now timestamp with time zone DEFAULT clock_timestamp(), OUT wait_ms double precision, OUT cause text, OUT probe integer) returns record
  language plpgsql volatile;
  -- body: sha256 909b8748040738dc

create function circuit_jitter(p_longest_ms double precision, p_random double precision) returns double precision
  language sql immutable;
  -- body: sha256 8b954ed6e5318794

create function circuit_report(p_credential text, p_partner text, p_settings jsonb, p_ok integer, p_ok_ago_ms double precision, p_error text, p_after_ms double precision DEFAULT 0, p_probe integer DEFAULT NULL::integer, p_now timestamp with time zone DEFAULT clock_timestamp(), p_random double precision DEFAULT random(), OUT state text, OUT wait_ms double precision, OUT since timestamp with time zone) returns record
  language plpgsql volatile;
  -- body: sha256 127b7c14246a6d7c

create function claim_keys(p_callers text[], p_operations text[], p_keys text[], p_fingerprints bytea[], p_lease uuid, p_lease_ms integer, p_keep_ms bigint[]) returns TABLE(ordinal integer, outcome text, status integer, location text, body text, retry_ms integer)
  language plpgsql volatile;
  -- body: sha256 229183f55f06f95b

create function current_factor(p_factor double precision, p_factor_at timestamp with time zone) returns double precision
  language sql stable;
  -- body: sha256 e4b3788c088c6097

create function end_critical_work(p_credential text, p_work text) returns void
  language sql volatile;
  -- body: sha256 95e1bad88beaf670

create function end_turn(p_credential text, p_names text[], p_sent double precision[], p_ago_us double precision[], p_tat_in_us double precision, p_least_us double precision, p_unused uuid[]) returns void
  language plpgsql volatile;
  -- body: sha256 6b875eb9240ea1d1

create function epoch_us() returns double precision
  language sql volatile;
  -- body: sha256 5ec16a4b470288c7

create function evict_turn(p_credential text) returns boolean
  language plpgsql volatile;
  -- body: sha256 2125d3f7cc5945ce

create function move_slices(p_slices double precision[], p_steps bigint) returns double precision[]
  language sql immutable;
  -- body: sha256 fffbd012f2958856

create function note_told(p_credential text, p_partner text, p_left double precision, p_resets_in_ms double precision) returns void
  language sql volatile;
  -- body: sha256 92f12663205fcf46

create function note_touched() returns trigger
  language plpgsql volatile security definer set search_path = syncline, pg_temp;
  -- body: sha256 1dff915c66b5b704

create function own_key(p_text text) returns text
  language sql stable;
  -- body: sha256 8a19055386cf1867

create function pair_values(p_plan integer, p_pairs integer[]) returns TABLE(stream text, "row" text, "values" jsonb)
  language plpgsql stable security definer set search_path = syncline, pg_temp;
  -- body: sha256 3726086cc90da23b

create function quota_resets_us(p_at_us double precision, p_unit text, p_period_us double precision, p_reset_at interval, p_zone text) returns double precision
  language sql stable;
  -- body: sha256 69d758ef5f1f6d00

create function relabel_events(p_stream integer, p_events jsonb) returns bigint
  language plpgsql volatile security definer set search_path = syncline, pg_temp;
  -- body: sha256 16b717269abf4bb9

create function remove_lines(p_stream integer, p_definition text, p_horizon bigint, p_most integer, OUT lines bigint, OUT bytes bigint, OUT remaining boolean) returns record
  language plpgsql volatile security definer set search_path = syncline, pg_temp;
  -- body: sha256 4e1a1c31aea63f81

create function remove_pages(p_stream integer, p_before timestamp with time zone, p_after bigint, p_most integer, p_dry boolean, OUT pages bigint, OUT bytes bigint, OUT last bigint) returns record
  language plpgsql volatile security definer set search_path = syncline, pg_temp;
  -- body: sha256 8eb1956eaa9cda7d

create function settle_cost(p_credential text, p_buckets text[], p_units double precision) returns void
  language plpgsql volatile;
  -- body: sha256 77a2d2b79e63f168

create function take_permits(p_credential text, p_partner text, p_buckets jsonb, p_charges double precision[], p_shares double precision[], p_critical boolean, p_leases uuid[], p_freed uuid[], p_lease_ms integer, p_asker uuid, p_late_us double precision, p_most_late_us double precision, p_ahead_us double precision, p_works text[] DEFAULT NULL::text[], p_lefts double precision[] DEFAULT NULL::double precision[], OUT granted integer, OUT wait_ms double precision, OUT cause text, OUT valid_ms double precision, OUT period_us double precision, OUT tat_in_us double precision, OUT least_us double precision, OUT probe integer, OUT down boolean) returns record
  language plpgsql volatile;
  -- body: sha256 9f45835eff0f0da5

create function take_tokens(p_callers text[], p_tiers text[], p_costs integer[]) returns TABLE(item integer, cause text, wait_us double precision, rate double precision, burst integer, daily bigint, tokens double precision, used bigint, next_us double precision, day_us double precision, crosses boolean)
  language plpgsql volatile;
  -- body: sha256 2dd1be047a4387a9

create function tighten_bucket(p_credential text, p_bucket text, p_left double precision, p_resets_in_ms double precision) returns boolean
  language plpgsql volatile;
  -- body: sha256 a490851261eb5a8b

create function try_turn(p_credential text, p_partner text, p_buckets jsonb, p_charges double precision[], p_shares double precision[], p_critical boolean, p_leases uuid[], p_freed uuid[], p_lease_ms integer, p_asker uuid, p_late_us double precision, p_most_late_us double precision, p_ahead_us double precision, p_works text[] DEFAULT NULL::text[], p_lefts double precision[] DEFAULT NULL::double precision[], OUT granted integer, OUT wait_ms double precision, OUT cause text, OUT valid_ms double precision, OUT period_us double precision, OUT tat_in_us double precision, OUT least_us double precision, OUT probe integer, OUT down boolean) returns record
  language plpgsql volatile;
  -- body: sha256 040729021b0a1ed2
