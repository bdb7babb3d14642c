import type { SlotsScene } from './slots-scene.ts';

const lines = async (of: SlotsScene['pool'], sql: string): Promise<readonly string[]> => {
  const { rows } = await of.query<{ line: string }>(`select line from (${sql}) n order by line collate "C"`);
  return rows.map(({ line }) => line);
};

const rowsOf = (table: string): string =>
  `select (to_jsonb(t) - '{_loaded_at,_event,_page,_run}'::text[])::text as line from ${table} t`;

/** All that two installations with the same past have in common, whoever did the work, as lists to compare. */
export async function toldBy({ pool, mart }: SlotsScene): Promise<Readonly<Record<string, readonly unknown[]>>> {
  return {
    payments: await lines(pool, rowsOf('acme.payments')),
    customers: await lines(pool, rowsOf('acme.customers')),
    beta: await lines(pool, rowsOf('beta.payments')),
    'payments in the target': await lines(mart, rowsOf('acme.payments')),
    'customers in the target': await lines(mart, rowsOf('acme.customers')),
    clusters: await lines(
      pool,
      `select string_agg(row, ' ' order by row) as line from duplicate_members where name = 'people' group by entity`,
    ),
    links: await lines(
      pool,
      `select concat_ws(' ', least(left_row, right_row), greatest(left_row, right_row)) as line from duplicate_links where ended_in is null`,
    ),
    pairs: await lines(
      pool,
      `select concat_ws(' ', least(left_row, right_row), greatest(left_row, right_row), p.found, p.decision) as line
        from duplicate_pairs p join duplicate_plans d using (plan_id) where d.name = 'people'`,
    ),
    // Those of slots: one that a person starts beside them may see what they have not repaired yet.
    findings: await lines(
      pool,
      `select concat_ws(' ', reconciliation, key, kind, state) as line from reconcile_findings where reconciliation not like '%/by-hand-%'`,
    ),
    alerts: await lines(
      pool,
      `select concat_ws(' ', rule, partner, stream, subject, resolved_at is null) as line from alerts where opened_at is not null`,
    ),
  };
}

/** What must be there once. Names what is there more often. */
export async function twice({ pool }: SlotsScene): Promise<readonly string[]> {
  const { rows } = await pool.query<{ what: string }>(
    `select concat_ws(' ', 'link', least(left_row, right_row), greatest(left_row, right_row)) as what from duplicate_links where ended_in is null
        group by 1 having count(*) > 1
      union all select concat_ws(' ', 'pair', least(left_row, right_row), greatest(left_row, right_row)) from duplicate_pairs p
        join duplicate_plans d using (plan_id) where d.name = 'people' group by 1 having count(*) > 1
      union all select concat_ws(' ', 'finding', comparison, key) from target_findings group by 1 having count(*) > 1
      union all select concat_ws(' ', 'repair', reconciliation, kinds::text) from reconcile_repairs group by 1 having count(*) > 1
      union all select concat_ws(' ', 'alert', key) from alerts where opened_at is not null group by 1 having count(*) > 1`,
  );
  return rows.map(({ what }) => what);
}

/** What people were told more than once. A message that was sent again because its answer was lost has the same id. */
export function toldTwice({ sink }: SlotsScene): readonly string[] {
  const messages = new Map<string, { readonly open: readonly { id: number; rule: string }[] }>();
  for (const { text } of sink.received) {
    const message = JSON.parse(text) as { id: string; open: { id: number; rule: string }[] };
    messages.set(message.id, message);
  }
  const told = [...messages.values()].flatMap(({ open }) => open.map(({ id, rule }) => `${id} ${rule}`));
  return told.filter((one, at) => told.indexOf(one) !== at);
}
