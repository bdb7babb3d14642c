import type { ClientBase } from 'pg';
import { BucketSums } from '../bucket-sums.ts';
import type { TargetTable } from '../target.ts';
import { bucketSql, sumSql } from './digest-sql.ts';
import { nameOf } from './names.ts';

/** Counts and checksums of all rows. */
export async function bucketSums(client: ClientBase, table: TargetTable): Promise<BucketSums> {
  const sums = new BucketSums();
  const { rows } = await client.query<[number, string, string]>({
    rowMode: 'array',
    text: `select bucket, count(*), sum(digest) from (select ${bucketSql(table)} as bucket, ${sumSql(table)} as digest from ${nameOf(table)}) r group by bucket`,
  });
  for (const [bucket, count, sum] of rows) sums.add(bucket, { rows: Number(count), sum: BigInt(sum) });
  return sums;
}
