import { randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import type { Bucket } from '../../limits/declare/bucket.ts';

/** take_permits on a clock that the test sets. */
export interface Taken {
  readonly granted: number;
  readonly wait_ms: number;
  readonly cause: string | null;
  readonly valid_ms: number;
}

/** Buckets by a clock of the test's own instead of the server's. */
export async function setClock(client: Client): Promise<void> {
  await client.query('set search_path = syncline');
  await client.query(`create or replace function epoch_us() returns double precision language sql volatile as $$
    select current_setting('test.now_us')::double precision $$`);
}

export async function takeAt(
  client: Client,
  nowUs: number,
  asked: {
    readonly credential: string;
    readonly buckets: readonly Bucket[];
    readonly charges: readonly (readonly number[])[];
    readonly shares?: readonly number[];
    readonly critical?: boolean;
    readonly mostLateUs?: number;
  },
): Promise<Taken> {
  await client.query(`select set_config('test.now_us', $1, false)`, [String(nowUs)]);
  const { rows } = await client.query<Taken>(
    'select * from take_permits($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)',
    [
      asked.credential,
      'acme',
      JSON.stringify(asked.buckets),
      asked.charges,
      asked.shares ?? asked.charges.map(() => 1),
      asked.critical ?? false,
      null,
      null,
      60_000,
      randomUUID(),
      0,
      asked.mostLateUs ?? 0,
      null,
    ],
  );
  return rows[0] as Taken;
}
