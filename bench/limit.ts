import { copyField } from '../targets/postgres/copy-text.ts';
import { copyInto } from '../targets/postgres/copy.ts';
import { openClient } from '../store/session/open-session.ts';

/** The rows of the bench as the target has them: the limit copies just these, typed, and nothing else. */
const columns = `id, customer_id, amount_minor, currency, status, method, reference, description, created_at, updated_at, sequence, metadata`;
const table = (name: string): string => `create table ${name} (
  id text primary key, customer_id text, amount_minor bigint, currency text, status text, method text, reference text,
  description text, created_at timestamptz, updated_at timestamptz, sequence bigint, metadata jsonb)`;

/**
 * What PostgreSQL alone can do with these rows: COPY typed columns into a staging table and merge them by key, a
 * transaction per batch, from lines that are ready in memory. Seconds.
 */
export async function measureLimit(databaseUrl: string, lines: readonly string[], batch: number): Promise<number> {
  const client = await openClient(databaseUrl, { name: 'syncline bench' });
  try {
    await client.query('drop schema if exists bench_limit cascade');
    await client.query('create schema bench_limit');
    await client.query('set search_path = bench_limit');
    await client.query(table('target'));
    await client.query(`create temp table staging (like target) on commit delete rows`);
    await client.query('checkpoint');
    const startedAt = performance.now();
    for (let from = 0; from < lines.length; from += batch) {
      await client.query('begin');
      await copyInto(client, `staging (${columns})`, [Buffer.from(lines.slice(from, from + batch).join(''))]);
      await client.query(
        `insert into target as t (${columns}) select ${columns} from staging
          on conflict (id) do update set (customer_id, amount_minor, currency, status, method, reference, description,
            created_at, updated_at, sequence, metadata) = (excluded.customer_id, excluded.amount_minor, excluded.currency,
            excluded.status, excluded.method, excluded.reference, excluded.description, excluded.created_at,
            excluded.updated_at, excluded.sequence, excluded.metadata)
          where (excluded.updated_at, excluded.sequence) > (t.updated_at, t.sequence)`,
      );
      await client.query('commit');
    }
    const seconds = (performance.now() - startedAt) / 1000;
    await client.query('drop schema bench_limit cascade');
    return seconds;
  } finally {
    await client.end();
  }
}

/** The same lines that the target got, read from it: text of the typed columns in COPY format. */
export async function linesOf(databaseUrl: string): Promise<string[]> {
  const client = await openClient(databaseUrl, { name: 'syncline bench' });
  try {
    const { rows } = await client.query<(string | null)[]>({
      rowMode: 'array',
      text: `select id, customer_id, amount_minor::text, currency, status, method, reference, description,
        created_at::text, updated_at::text, sequence::text, metadata::text from bench.payments order by updated_at, id`,
    });
    return rows.map((row) => `${row.map(copyField).join('\t')}\n`);
  } finally {
    await client.end();
  }
}
