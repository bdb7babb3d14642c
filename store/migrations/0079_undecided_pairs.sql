-- The status page asks at each look which plans wait for a person, and lists pairs and findings in their order (docs/status-page.md).

create index duplicate_pairs_undecided on duplicate_pairs (plan_id, cluster, weight, pair) where decision is null;
drop index reconcile_findings_by_state;
create index reconcile_findings_by_state on reconcile_findings (reconciliation, state, kind, key);
