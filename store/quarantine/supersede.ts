import type { ClientBase } from 'pg';
import { compareReceived, type Received } from '../../core/received.ts';
import type { LandedStream } from '../../core/landed-stream.ts';
import type { StagedPage, StreamRun } from '../../core/staged.ts';
import { ordersByVersion } from './supersede-older.ts';

interface Arrived {
  readonly run: Pick<StreamRun, 'streamId'>;
  /** As they are in the ledger now. */
  readonly pages: readonly Pick<StagedPage, 'records'>[];
  readonly firstPage: number;
}

/** Whether the order of records is that of their arrival: one row per key, and no version to compare. */
export const ordersByArrival = (stream: LandedStream): boolean =>
  stream.definition.disposition === 'merge' && stream.keyColumns.length > 0 && stream.version.length === 0;

/** Whether a record that lands may mean that nobody has to deal with one that is held. */
export const marksHeld = (stream: LandedStream): boolean => ordersByArrival(stream) || ordersByVersion(stream);

/**
 * Marks what is held of keys that have come since. A record that equals its row makes no event, and nothing else would tell
 * that it is newer than the one in quarantine.
 */
export async function supersedeHeld(client: ClientBase, { run, pages, firstPage }: Arrived): Promise<void> {
  const newest = new Map<string, Received>();
  for (const [i, page] of pages.entries())
    for (const { key, ordinal, received = { page: firstPage + i, ordinal } } of page.records) {
      const known = key === null ? undefined : newest.get(key);
      if (key !== null && (known === undefined || compareReceived(known, received) < 0)) newest.set(key, received);
    }
  if (newest.size === 0) return;
  const order = [...newest.values()];
  await client.query(
    `update quarantine q set superseded_at = now()
      from unnest($2::text[], $3::bigint[], $4::integer[]) as a(key, page, ordinal)
      where q.stream_id = $1 and q.status = 'held' and q.superseded_at is null and q.key = a.key
        and (coalesce(q.last_page, q.page), coalesce(q.last_ordinal, q.ordinal)) < (a.page, a.ordinal)`,
    [run.streamId, [...newest.keys()], order.map(({ page }) => page), order.map(({ ordinal }) => ordinal)],
  );
}
