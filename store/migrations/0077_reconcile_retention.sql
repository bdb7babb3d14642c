-- Findings are removed after a time (docs/retention.md): how many there were stays.
alter table reconciliations
  -- As `[{"kind": "missing", "state": "open", "count": 3}]`; null: they are still there.
  add column findings_were jsonb,
  add column findings_removed_at timestamptz;
