import type { ClientBase } from 'pg';
import { foldLog } from '../core/fold-log.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import type { StagedRecord } from '../core/staged.ts';
import { headKey, readHeads, withReceived } from '../targets/postgres/heads.ts';
import { holdUnfit } from './hold-unfit.ts';
import { throughLog, type StagedEvents } from './stage-log.ts';
import { ordersByArrival } from '../store/quarantine/supersede.ts';
import { stagingOf, writeRows } from '../targets/postgres/write-rows.ts';

export interface Rebuild {
  readonly stream: CompiledStream;
  readonly streamId: number;
  /** Quoted, with its schema: an empty table, or one that was filled from this log. */
  readonly table: string;
}

export interface Rebuilt {
  /** Events that were read. */
  readonly events: number;
  /** Those among them that fit no longer. */
  readonly unfit: number;
}

/**
 * Fills a table with all that was ever received, by the rules of the present definition; rows keep the event, page and run
 * they had. What fits no longer goes to quarantine. Call it in a transaction, under the stream's lock.
 */
export async function rebuildFromLog(client: ClientBase, { stream, streamId, table }: Rebuild): Promise<Rebuilt> {
  let unfit = 0;
  const events = await throughLog(
    client,
    { stream, streamId },
    {
      write: (staged) => write(client, { stream, streamId, table }, staged),
      unfit: async (held) => {
        unfit += held.length;
        await holdUnfit(client, { stream, streamId, held });
      },
    },
  );
  return { events, unfit };
}

async function write(
  client: ClientBase,
  { stream, streamId, table }: Rebuild,
  { written, pages }: StagedEvents,
): Promise<void> {
  const records = written.map(({ record }) => record);
  const shown = await readHeads(client, { stream, table, records });
  const heads = ordersByArrival(stream) ? await withReceived(client, { streamId, heads: shown }) : shown;
  const keyed = written.map((event) => ({ ...event, record: withHeadKey(stream, event.record) }));
  const { inserts, updates } = foldLog<StagedRecord>(keyed, heads);
  // The events themselves are in the log; each page says which run it is of.
  const folded = { events: [], inserts, updates, lastEvent: 0, counts: [] };
  await writeRows(client, { stream, run: { streamId, runNo: 0 }, table, folded, pages });
  if (updates.length > 0) await client.query(`drop table ${stagingOf(streamId)}`);
}

const withHeadKey = (stream: CompiledStream, record: StagedRecord): StagedRecord =>
  stream.definition.disposition === 'append'
    ? {
        ordinal: record.ordinal,
        key: headKey(stream, record),
        version: record.version,
        hash: record.hash,
        line: record.line,
      }
    : record;
