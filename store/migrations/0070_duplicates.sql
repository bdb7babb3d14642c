-- Duplicates (docs/duplicates.md): plans, the pairs that they propose, links in force, and who belongs together by them. No value of a record is
-- kept here: rows are named by their primary keys and read where they are.

create table duplicate_plans (
  plan_id integer generated always as identity primary key,
  -- In duplicates.yaml.
  name text not null,
  -- The workflow that finds: started twice, it finds once.
  workflow_id text not null unique,
  -- Of the attempt that finds now: one that was frozen and wakes up writes no more.
  claim uuid not null default gen_random_uuid(),
  -- What it was found by.
  settings jsonb not null,
  -- A plan that goes on with the rules of another one, for rows that came later. Undone with it.
  follows integer references duplicate_plans,
  by text not null,
  made_at timestamptz not null default clock_timestamp(),
  state text not null default 'finding' check (state in ('finding', 'ready', 'failed')),
  ready_at timestamptz,
  -- By comparison and level; null as long as nothing is found.
  weights jsonb,
  -- By stream, how many rows were looked at and the last event among them.
  looked_at jsonb not null default '{}',
  counts jsonb not null default '{}'
);
create index on duplicate_plans (name, plan_id desc);

create table duplicate_pairs (
  plan_id integer not null references duplicate_plans on delete cascade,
  pair integer not null,
  left_stream text collate "C" not null,
  left_row text collate "C" not null,
  right_stream text collate "C" not null,
  right_row text collate "C" not null,
  -- The exact rule's name, or `score`.
  rule text not null,
  weight double precision not null,
  probability double precision not null,
  levels jsonb not null,
  -- What the thresholds say.
  found text not null check (found in ('merge', 'review')),
  -- Rows that the plan's pairs hold together, numbered from 1.
  cluster integer,
  -- The pair does not count in its cluster: the cluster would be too large, or would hold a pair that never merges.
  held text check (held in ('large', 'never')),
  decision text check (decision in ('merge', 'no')),
  decided_by text,
  decided_at timestamptz,
  reason text,
  primary key (plan_id, pair),
  check ((decision is null) = (decided_by is null) and (decision is null) = (decided_at is null))
);
create index on duplicate_pairs (plan_id, cluster, pair);
create index on duplicate_pairs (left_stream, left_row);
create index on duplicate_pairs (right_stream, right_row);

-- Each apply and each undo. One of a plan is open at a time.
create table duplicate_changes (
  change_id integer generated always as identity primary key,
  plan_id integer not null references duplicate_plans,
  action text not null check (action in ('apply', 'undo')),
  -- Of an undo: a rule, a cluster or a pair, or all.
  scope jsonb not null default '{}',
  by text not null,
  reason text not null,
  begun_at timestamptz not null default clock_timestamp(),
  -- Clusters up to this one are done.
  done_to integer not null default 0,
  links integer not null default 0,
  -- Links that hold nothing together, since their cluster would be too large or would hold a pair that never merges.
  held integer not null default 0,
  ended_at timestamptz,
  -- Another change has taken its place before it was done.
  given_up boolean not null default false
);
create unique index duplicate_changes_open on duplicate_changes (plan_id) where ended_at is null;

-- Pairs that were applied. In force: those that no undo has ended.
create table duplicate_links (
  link_id bigint generated always as identity primary key,
  name text not null,
  plan_id integer not null references duplicate_plans,
  pair integer not null,
  left_stream text collate "C" not null,
  left_row text collate "C" not null,
  right_stream text collate "C" not null,
  right_row text collate "C" not null,
  weight double precision not null,
  -- How many rows may belong together by it.
  largest integer not null,
  made_in integer not null references duplicate_changes,
  ended_in integer references duplicate_changes
);
create unique index duplicate_links_in_force on duplicate_links (plan_id, pair) where ended_in is null;
-- The row comes first: without statistics the planner would take either index, and read all links of a name by the wrong one.
create index duplicate_links_left on duplicate_links (left_row, left_stream, name) where ended_in is null;
create index duplicate_links_right on duplicate_links (right_row, right_stream, name) where ended_in is null;

create table duplicate_never (
  name text not null,
  left_stream text collate "C" not null,
  left_row text collate "C" not null,
  right_stream text collate "C" not null,
  right_row text collate "C" not null,
  by text not null,
  reason text not null,
  at timestamptz not null default clock_timestamp(),
  primary key (left_row, left_stream, right_row, right_stream, name)
);
create index on duplicate_never (right_row, right_stream, name);

-- Rows that links in force hold together: a function of the links and of what never merges, made anew where these change.
create table duplicate_members (
  name text not null,
  stream text collate "C" not null,
  row text collate "C" not null,
  -- Made of the name of its least row, by stream and row: a row that is merged with no other has an entity of the same kind.
  entity uuid not null,
  primary key (row, stream, name)
);
create index on duplicate_members (entity, name);
