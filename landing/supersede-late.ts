import type { PoolClient } from 'pg';
import { parseJson } from '../core/json.ts';
import type { StagedPage } from '../core/staged.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { byNewNames } from '../records/by-new-names.ts';
import { heldVersion } from '../records/held-version.ts';
import { readEvents } from '../store/log/read-events.ts';
import { isWholeKey, supersedeOlder } from '../store/quarantine/supersede-older.ts';
import { readHeads } from '../targets/postgres/heads.ts';
import { targetOf } from '../targets/postgres/target-table.ts';

interface Late {
  readonly stream: CompiledStream;
  readonly streamId: number;
  readonly pages: readonly StagedPage[];
}

/**
 * A bad record may come behind the newer one of its key. Versions in the table may be of another definition: that of the newest record is read from the log. Call it
 * when the table has the rows of the pages.
 */
export async function supersedeLate(client: PoolClient, { stream, streamId, pages }: Late): Promise<void> {
  const late = pages
    .flatMap(({ rejected }) => rejected)
    .filter(({ key, version }) => version !== undefined && isWholeKey(key));
  if (late.length === 0) return;
  const events = await newestEvents(client, stream, late);
  const logged = await readEvents(client, { streamId, events, operations: ['u'] });
  const landed = logged.map(({ key, hash, payload }) => {
    const record = parseJson(payload);
    const named = stream.aliases === undefined ? record : byNewNames(record, stream.aliases);
    return { key, hash, version: heldVersion(stream, named) ?? null };
  });
  await supersedeOlder(client, { stream, streamId, landed });
}

/** A key of a record that does not fit may be none that PostgreSQL takes: then it has no row. */
async function newestEvents(
  client: PoolClient,
  stream: CompiledStream,
  late: readonly { readonly key: string | null; readonly hash: string }[],
): Promise<readonly number[]> {
  await client.query('savepoint late_records');
  try {
    const records = late.map(({ key, hash }, ordinal) => ({ ordinal, key, hash, version: null, line: 0 }));
    const heads = await readHeads(client, { stream, table: targetOf(stream), records });
    await client.query('release savepoint late_records');
    return [...heads.values()].map(({ event }) => event);
  } catch {
    await client.query('rollback to savepoint late_records');
    return [];
  }
}
