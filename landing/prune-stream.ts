import type { Pool } from 'pg';
import { historyOf } from '../core/table-name.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import type { PrunedStream } from '../messages/prune.ts';
import type { KeptLog } from '../definitions/keep.ts';
import { targetsOf } from '../definitions/named-targets.ts';
import { forgetGrants } from '../store/retention/forget-grants.ts';
import { horizonOf, type Horizon } from '../store/retention/horizon.ts';
import {
  announce,
  removeAnomalies,
  removeEntries,
  removeLines,
  removePages,
  removeSettled,
  settle,
} from '../store/retention/remove.ts';
import { openSession } from '../store/session/open-session.ts';
import { readTable } from '../targets/postgres/table-facts.ts';
import { targetOf } from '../targets/postgres/target-table.ts';
import { findDue } from './find-due.ts';
import type { Pruning } from './warehouse.ts';

/** Removes what the definition says need not be kept any longer. It may be stopped at any moment, and repeated. */
export async function pruneStream(pool: Pool, stream: CompiledStream, pruning: Pruning): Promise<PrunedStream> {
  const { keep = {} } = stream;
  const horizon = await horizonOf(pool, {
    partner: stream.partner.name,
    stream: stream.name,
    places: placesOf(stream),
    ageMs: keep.log?.age === undefined ? undefined : Math.max(keep.log.age, keep.log.atLeast),
    atLeastMs: keep.log?.atLeast ?? 0,
  });
  const none = { stream: stream.name, lines: 0, bytes: 0, pages: 0, pageBytes: 0, waited: 0, entries: 0, logOnDisk: 0 };
  if (horizon === undefined) return { ...none, stays: null };
  const { streamId } = horizon;
  const log = await pruneLog(pool, { stream, horizon, pruning });
  let [pages, pageBytes] = [0, 0];
  if (keep.ledger !== undefined)
    for await (const gone of removePages(pool, { streamId, olderMs: keep.ledger, dryRun: pruning.dryRun })) {
      pages += gone.pages;
      pageBytes += gone.bytes;
      pruning.signal?.throwIfAborted();
      pruning.progress?.(log.lines);
    }
  // They hold nothing of the partner, and are not counted.
  if (keep.ledger !== undefined && !pruning.dryRun) await forgetGrants(pool, { streamId, olderMs: keep.ledger });
  const settled = keep.settled === undefined ? undefined : { streamId, olderMs: keep.settled, dryRun: pruning.dryRun };
  const waited = settled === undefined ? 0 : await removeSettled(pool, settled);
  const entries = settled === undefined ? 0 : await removeEntries(pool, settled);
  const { rows } = await pool.query<{ size: string }>('select pg_total_relation_size($1::regclass) as size', [
    `events_${streamId}`,
  ]);
  return { ...none, ...log, pages, pageBytes, waited, entries, logOnDisk: Number(rows[0]?.size) };
}

interface PruneLog {
  readonly stream: CompiledStream;
  readonly horizon: Horizon;
  readonly pruning: Pruning;
}

async function pruneLog(
  pool: Pool,
  { stream, horizon, pruning: { dryRun, signal, progress } }: PruneLog,
): Promise<Pick<PrunedStream, 'lines' | 'bytes' | 'stays'>> {
  const kept = stream.keep?.log;
  const none = { lines: 0, bytes: 0 };
  if (kept === undefined) return { ...none, stays: null };
  const stays = await whyAllStays(pool, stream, horizon);
  if (stays !== undefined) return { ...none, stays };
  const { streamId, definitionVersion, upTo } = horizon;
  const held = horizon.heldBy === undefined ? null : `events above ${upTo} stay for ${horizon.heldBy}`;
  const asked = { stream, kept, horizon };
  if (dryRun) return { ...(await findDue(pool, asked, { note: false })), stays: held };
  const removed = await alone(pool, streamId, async () => {
    const reached = { streamId, definitionVersion, upTo: reach(asked) };
    await announce(pool, reached);
    try {
      let [lines, bytes] = [0, 0];
      let remaining = (await findDue(pool, asked, { note: true })).lines > 0;
      while (remaining) {
        signal?.throwIfAborted();
        const piece = await removeLines(pool, reached);
        lines += piece.lines;
        bytes += piece.bytes;
        remaining = piece.remaining;
        progress?.(lines);
      }
      await removeAnomalies(pool, streamId);
      return { lines, bytes };
    } finally {
      await settle(pool, streamId).catch(() => {});
    }
  });
  return removed === undefined
    ? { ...none, stays: 'another `syncline prune` of it is under way' }
    : { ...removed, stays: held };
}

/** One at a time of a stream; a process that dies leaves it to the next one. undefined: somebody else does it. */
async function alone<T>(pool: Pool, streamId: number, work: () => Promise<T>): Promise<T | undefined> {
  const session = await openSession(pool, 'syncline prune');
  try {
    const { rows } = await session.query<{ locked: boolean }>(
      `select pg_try_advisory_lock(hashtextextended(current_schema() || ' prune ' || $1::integer, 0)) as locked`,
      [streamId],
    );
    return rows[0]?.locked === true ? await work() : undefined;
  } finally {
    await session.end();
  }
}

/** The last event that may be found to go. */
const reach = ({ kept, horizon }: { readonly kept: KeptLog; readonly horizon: Horizon }): number =>
  kept.versionsPerKey === undefined && kept.size === undefined ? Math.min(horizon.upTo, horizon.aged) : horizon.upTo;

async function whyAllStays(pool: Pool, stream: CompiledStream, horizon: Horizon): Promise<string | undefined> {
  const { disposition } = stream.definition;
  if (disposition === 'append' || (disposition === 'merge' && stream.keyColumns.length === 0))
    return 'every event is a row of its table';
  if (stream.history !== undefined && stream.keep?.log?.underHistory !== true)
    return 'its history is made of these events (`underHistory: true` lets them go)';
  if (horizon.definitionVersion !== stream.definitionVersion)
    return 'its definition has changed: the next run of the stream comes first';
  return (await readTable(pool, targetOf(stream))) === undefined
    ? 'its table is gone: the next run of the stream makes it again first'
    : undefined;
}

const placesOf = ({ partner, name, history }: CompiledStream): { target: string; table: string }[] => [
  ...targetsOf(partner, name).map((target) => ({ target, table: name })),
  ...(history === undefined
    ? []
    : targetsOf(partner, historyOf(name)).map((target) => ({ target, table: historyOf(name) }))),
];
