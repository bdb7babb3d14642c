import type { ClientBase } from 'pg';
import { foldListed, foldLog } from '../core/fold-log.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import type { StagedRecord } from '../core/staged.ts';
import { headKey, readHeads, withReceived } from '../targets/postgres/heads.ts';
import { keepsRows } from '../core/landed-stream.ts';
import { buryRows } from '../targets/postgres/bury-rows.ts';
import { removeKeys } from './key-is.ts';
import { listings } from '../store/log/listings.ts';
import type { EventRange } from '../store/log/read-log.ts';
import { throughLog, type LogWork, type StagedEvents, type UnfitEvent } from './stage-log.ts';
import { ordersByArrival } from '../store/quarantine/supersede.ts';
import { stagingOf, writeRows } from '../targets/postgres/write-rows.ts';

export interface Fill extends Pick<LogWork, 'inTransaction' | 'read' | 'reader'> {
  readonly stream: CompiledStream;
  readonly streamId: number;
  /** Quoted, with its schema: it stands for the log up to event `after`. */
  readonly table: string;
  readonly after: number;
  readonly to: number;
  /** Only these events, in this table's column `event`: the table has no rows of their keys. */
  readonly only?: string;
  /** With `only`: the table has no other rows, so that a listing may clear it. */
  readonly clears?: boolean;
  readonly unfit: (events: readonly UnfitEvent[]) => Promise<void>;
}

type Taking = (client: ClientBase, fill: Fill, staged: StagedEvents) => Promise<void>;

/**
 * Tells a table what a part of the log means for it, by the rules of the present definition; rows keep the event, page and run they had.
 * Returns how many events were read.
 */
export async function fillFromLog(client: ClientBase, fill: Fill): Promise<number> {
  const { stream, streamId, after, to, only, clears = only === undefined, inTransaction = (work) => work() } = fill;
  const among = only === undefined ? {} : { only };
  const range = { streamId, after, to, ...among };
  if (stream.definition.disposition !== 'replace') return take(client, fill, range, newest);
  let events = 0;
  for await (const listing of listings(client, { ...range, keyed: stream.keyColumns.length > 0 })) {
    if (listing.clears && clears)
      await inTransaction(async () => {
        await client.query(`delete from ${fill.table}`);
      });
    const before = events;
    events += await take(
      client,
      { ...fill, read: (count, last) => fill.read?.(before + count, last) },
      { ...listing, ...among },
      listed,
    );
  }
  return events;
}

function take(client: ClientBase, fill: Fill, range: EventRange, taking: Taking): Promise<number> {
  const { stream, streamId, table, inTransaction, read, reader, unfit } = fill;
  return throughLog(
    client,
    { stream, range },
    {
      write: (staged) => taking(client, fill, staged),
      ...(stream.definition.disposition === 'append'
        ? {}
        : { remove: (keys) => removeKeys(client, { stream, streamId, table, keys }) }),
      unfit,
      ...(inTransaction === undefined ? {} : { inTransaction }),
      ...(read === undefined ? {} : { read }),
      ...(reader === undefined ? {} : { reader }),
    },
  );
}

const newest: Taking = async (client, { stream, streamId, table }, { written, pages }) => {
  const shown = await readHeads(client, { stream, table, records: written.map(({ record }) => record) });
  const heads = ordersByArrival(stream) ? await withReceived(client, { streamId, heads: shown }) : shown;
  const isAppend = stream.definition.disposition === 'append';
  const keyed = isAppend ? written.map((event) => ({ ...event, record: withHeadKey(stream, event.record) })) : written;
  const keeps = keepsRows(stream);
  const { removed, buried, ...rows } = foldLog<StagedRecord>(keyed, heads, { keepsRows: keeps });
  const folded = { events: [], ...rows, lastEvent: 0, counts: [] };
  await writeFolded(client, { stream, streamId, table }, { folded, pages });
  if (keeps) await buryRows(client, { stream, table, buried });
  else await removeKeys(client, { stream, table, keys: removed });
};

const listed: Taking = async (client, { stream, streamId, table }, { written, pages }) => {
  const heads = await readHeads(client, { stream, table, records: written.map(({ record }) => record) });
  const folded = { events: [], ...foldListed<StagedRecord>(written, heads), lastEvent: 0, counts: [] };
  await writeFolded(client, { stream, streamId, table }, { folded, pages });
};

/** The events themselves are in the log; each page says which run it is of. */
async function writeFolded(
  client: ClientBase,
  { stream, streamId, table }: Pick<Fill, 'stream' | 'streamId' | 'table'>,
  { folded, pages }: Pick<Parameters<typeof writeRows>[1], 'folded' | 'pages'>,
): Promise<void> {
  await writeRows(client, { stream, run: { streamId, runNo: 0 }, table, folded, pages });
  if (folded.updates.length > 0) await client.query(`drop table ${stagingOf(streamId)}`);
}

const withHeadKey = (stream: CompiledStream, record: StagedRecord): StagedRecord => {
  const { ordinal, version, hash, line } = record;
  return { ordinal, key: headKey(stream, record), version, hash, line };
};
