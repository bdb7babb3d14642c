import type { ClientBase } from 'pg';
import type { CompiledStream } from '../definitions/compiled.ts';
import { withoutFreeze } from '../definitions/contract.ts';
import type { StreamRun } from '../core/staged.ts';
import { readHeads } from '../targets/postgres/heads.ts';
import { readEvents } from '../store/log/read-events.ts';
import { stageEvents } from './stage-log.ts';
import { targetOf } from '../targets/postgres/target-table.ts';
import { stagingOf, writeRows } from '../targets/postgres/write-rows.ts';

const CHUNK = 500;

/**
 * Logs the records of rows anew that stand for another event than the newest of their key: from now on the log alone says which rows
 * there are. Returns how many events that makes.
 */
export async function logAgain(
  client: ClientBase,
  {
    stream,
    run,
    page,
    after,
    firstOrdinal,
    receivedAt,
  }: {
    readonly stream: CompiledStream;
    readonly run: Pick<StreamRun, 'streamId' | 'runNo'>;
    /** Number of the sweep's batch. */
    readonly page: number;
    /** The last event before them. */
    readonly after: number;
    readonly firstOrdinal: number;
    readonly receivedAt: string;
  },
): Promise<number> {
  const { streamId } = run;
  const table = targetOf(stream);
  const { rows } = await client.query<{ event: string }>(
    `select t._event as event from ${table} t where not exists (
        select from shown_${streamId} s join newest_${streamId} n using (key, event) where n.operation = 'u' and s.event = t._event)
      order by 1`,
  );
  const lenient = withoutFreeze(stream);
  let logged = 0;
  for (let from = 0; from < rows.length; from += CHUNK) {
    const numbers = rows.slice(from, from + CHUNK).map(({ event }) => Number(event));
    const events = await readEvents(client, { streamId, events: numbers });
    const { lines, written } = await stageEvents(lenient, events, { firstOrdinal: firstOrdinal + from, receivedAt });
    const heads = await readHeads(client, { stream, table, records: written.map(({ record }) => record) });
    // A row whose key somebody changed says nothing that came.
    const rowsOf = written.filter(({ record, event }) => heads.get(record.key as string)?.event === event);
    const base = after + logged;
    const updates = rowsOf.map(({ record, event }, i) => ({ record, page: 0, event: base + i + 1, previous: event }));
    await writeRows(client, {
      stream,
      run,
      table,
      folded: { events: updates, inserts: [], updates, lastEvent: 0, counts: [] },
      pages: [{ page, lines }],
    });
    if (updates.length > 0) await client.query(`drop table ${stagingOf(streamId)}`);
    lines.release();
    logged += updates.length;
  }
  return logged;
}
