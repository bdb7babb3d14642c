import type { Pool, QueryConfig } from 'pg';

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly Plans?: readonly Plan[];
}

/** Runs some work and returns which tables its queries read from end to end, as PostgreSQL plans them. */
export async function wholeTablesReadBy(
  pool: Pool,
  work: (pool: Pool) => Promise<unknown>,
): Promise<readonly string[]> {
  const asked: { readonly text: string; readonly values: readonly unknown[] }[] = [];
  const recording = {
    query: (query: string | QueryConfig, values?: unknown[]) => {
      const text = typeof query === 'string' ? query : query.text;
      asked.push({ text, values: values ?? (typeof query === 'string' ? [] : (query.values ?? [])) });
      return pool.query(text, asked.at(-1)?.values as unknown[]);
    },
  };
  await work(recording as unknown as Pool);
  if (asked.length === 0) throw new Error('nothing was asked');
  const found: string[] = [];
  for (const { text, values } of asked) {
    const { rows } = await pool.query<{ 'QUERY PLAN': readonly { readonly Plan: Plan }[] }>(
      `explain (format json) ${text}`,
      [...values],
    );
    for (const { Plan: plan } of rows[0]?.['QUERY PLAN'] ?? []) found.push(...seqScans(plan));
  }
  return found;
}

const seqScans = (plan: Plan): readonly string[] => [
  ...(plan['Node Type'] === 'Seq Scan' ? [plan['Relation Name'] ?? ''] : []),
  ...(plan.Plans ?? []).flatMap(seqScans),
];
