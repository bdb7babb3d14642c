-- The status page asks at each look which plans wait for a person, and lists what nobody has decided (docs/status-page.md).

create index duplicate_pairs_undecided on duplicate_pairs (plan_id, cluster, weight, pair) where decision is null;
