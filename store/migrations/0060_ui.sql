-- What people do on the status page (docs/status-page.md): who, what, why, and what came of it. A row is written before anything is done.

create table ui_audit (
  audit_id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  by text not null,
  -- How that was known: `token`, `proxy` or `oidc`.
  how text not null,
  action text not null,
  partner text not null,
  target text not null,
  reason text not null,
  -- Null: it was begun, and nobody knows what came of it.
  done_at timestamptz,
  failed boolean,
  result text
);
