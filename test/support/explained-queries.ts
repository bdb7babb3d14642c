import type { Pool, QueryConfig } from 'pg';

interface Explained {
  readonly Plan: { readonly 'Shared Hit Blocks': number; readonly 'Shared Read Blocks': number };
}

/** Runs some work and returns how many blocks of 8 kB its queries looked at: what they cost, whatever else the machine does. */
export async function blocksReadBy(pool: Pool, work: (pool: Pool) => Promise<unknown>): Promise<number> {
  let blocks = 0;
  let asked = 0;
  const explaining = {
    query: async (query: string | QueryConfig, given?: unknown[]) => {
      const [text, values] =
        typeof query === 'string' ? [query, given ?? []] : [query.text, query.values ?? given ?? []];
      const { rows } = await pool.query<{ 'QUERY PLAN': readonly Explained[] }>(
        `explain (analyze, buffers, format json) ${text}`,
        values as unknown[],
      );
      asked += 1;
      for (const { Plan: plan } of rows[0]?.['QUERY PLAN'] ?? [])
        blocks += plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
      return pool.query(text, values as unknown[]);
    },
  };
  await work(explaining as unknown as Pool);
  if (asked === 0) throw new Error('nothing was asked');
  return blocks;
}
