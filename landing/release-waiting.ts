import type { ClientBase } from 'pg';
import { anomaliesOf } from '../core/anomaly.ts';
import { fates, type Fate } from '../core/decide.ts';
import { CHANGED, changedRecords } from '../core/immutable.ts';
import { fold, type OddOne } from '../core/fold.ts';
import { needId } from '../core/need.ts';
import type { StagedRecord } from '../core/staged.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { bury, readGone } from './bury.ts';
import { knowsDeletes } from '../core/landed-stream.ts';
import { holdUnfit } from './hold-unfit.ts';
import { needsThere } from './needs-there.ts';
import type { LockedStream } from './related-locks.ts';
import { checkLimits, RuleCheck } from './rule-check.ts';
import type { UnfitEvent } from './stage-log.ts';
import { keyPath } from './without-changed.ts';
import { stageWaiting, type StagedWaiting } from './stage-waiting.ts';
import { noteAnomalies } from '../store/anomalies/note-anomalies.ts';
import { ordersByArrival, supersedeHeld } from '../store/quarantine/supersede.ts';
import { ordersByVersion, supersedeOlder } from '../store/quarantine/supersede-older.ts';
import { readEvents } from '../store/log/read-events.ts';
import { readWaiting, waitingFor, type Brought } from '../store/waiting/find-waiting.ts';
import { supersedeWaiting } from '../store/waiting/note-waiting.ts';
import { settleWaiting, type SettledRecord } from '../store/waiting/settle-waiting.ts';
import type { WaitingRecord } from '../store/waiting/waiting-row.ts';
import { readHeads, withHeadKey, withReceived } from '../targets/postgres/heads.ts';
import type { PostgresLines } from '../targets/postgres/page-lines.ts';
import { hasColumns } from '../targets/postgres/present.ts';
import { targetOf } from '../targets/postgres/target-table.ts';
import { RefusedRow, stagingOf, writeRows } from '../targets/postgres/write-rows.ts';

type Locked = ReadonlyMap<string, LockedStream>;
type By = SettledRecord['by'];

/** So many records are released at once; the rest follows in the same transaction. */
const CHUNK = 500;

/** Releases what waits for records that came, and what waits for those, and so on. Call it under the locks of `lockRelated`, behind their events. */
export async function releaseFor(
  client: ClientBase,
  {
    locked,
    stream,
    brought,
  }: { readonly locked: Locked; readonly stream: string; readonly brought: readonly Brought[] },
): Promise<void> {
  const streams = [...locked.values()];
  const queue = [{ stream, brought }];
  // It grows while it is gone through.
  for (const came of queue) {
    const called = await waitingFor(client, { streamIds: streams.map(({ streamId }) => streamId), ...came });
    for (const of of streams) {
      const by = new Map<number, By>();
      for (const { streamId, event, byEvent } of called)
        if (streamId === of.streamId) by.set(event, { stream: came.stream, event: byEvent });
      if (by.size > 0)
        queue.push({
          stream: of.stream.name,
          brought: await releaseThese(client, of, { by, when: 'needs are there' }),
        });
    }
    await checkLimits(client, { locked, ...came });
  }
}

export interface Release {
  /** What releases which event. */
  readonly by: ReadonlyMap<number, By>;
  /** `anyway`: a person wants it so. */
  readonly when: 'needs are there' | 'anyway';
}

/** Tells these records to their table, in the order in which they were received. Returns by what others may wait for them. */
export async function releaseThese(
  client: ClientBase,
  of: LockedStream,
  { by, when }: Release,
): Promise<readonly Brought[]> {
  const { stream, streamId, isFitted } = of;
  // The stream's next run makes the table fit first, and looks again.
  if (!isFitted || !(await hasColumns(client, { stream, columns: stream.columns }))) return [];
  const waiting = await readWaiting(client, { streamId, events: [...by.keys()] });
  const due = when === 'anyway' ? waiting : await withNeedsThere(client, of, waiting);
  const brought: Brought[] = [];
  for (let from = 0; from < due.length; from += CHUNK)
    brought.push(...(await tellTable(client, of, { due: due.slice(from, from + CHUNK), by })));
  return brought;
}

async function withNeedsThere(
  client: ClientBase,
  { stream }: LockedStream,
  waiting: readonly WaitingRecord[],
): Promise<readonly WaitingRecord[]> {
  const { relations } = stream;
  if (relations === undefined) return waiting;
  const there = await needsThere(
    client,
    relations,
    waiting.flatMap(({ needs }) => needs),
  );
  return waiting.filter(({ needs }) => needs.every((need) => there.has(needId(need))));
}

async function tellTable(
  client: ClientBase,
  of: LockedStream,
  { due, by }: { readonly due: readonly WaitingRecord[]; readonly by: Release['by'] },
): Promise<readonly Brought[]> {
  const { stream, streamId } = of;
  const events = await readEvents(client, { streamId, events: due.map(({ event }) => event), operations: ['w'] });
  const { staged, unfit, lines } = stageWaiting(stream, { waiting: due, events });
  try {
    const { changed, unchanged } = await asImmutable(client, stream, staged);
    const { fitting, refused, settled, brought } = await writeFitting(client, of, { staged: unchanged, lines });
    const held = [...unfit, ...changed, ...refused];
    if (held.length > 0) await holdUnfit(client, { stream, streamId, held });
    const quarantined = held.map(({ event }) => ({ event, fate: 'quarantined' as const, logged: null }));
    await settleWaiting(client, {
      streamId,
      records: [...settled, ...quarantined].map((each) => ({ ...each, by: by.get(each.event) ?? null })),
    });
    if (ordersByArrival(stream)) {
      const came = fitting.flatMap(({ record: { key, received } }) =>
        key === null || received === undefined ? [] : [{ key, received }],
      );
      await supersedeWaiting(client, { streamId, came });
      await supersedeHeld(client, {
        run: { streamId },
        pages: [{ records: fitting.map(({ record }) => record) }],
        firstPage: 0,
      });
    }
    if (ordersByVersion(stream))
      await supersedeOlder(client, { stream, streamId, landed: fitting.map(({ record }) => record) });
    return brought;
  } finally {
    lines.release();
  }
}

/** Of an immutable stream what has other content than what is known of its key is held. */
async function asImmutable(
  client: ClientBase,
  stream: CompiledStream,
  staged: readonly StagedWaiting[],
): Promise<{ readonly changed: readonly UnfitEvent[]; readonly unchanged: readonly StagedWaiting[] }> {
  if (stream.definition.immutable !== true) return { changed: [], unchanged: staged };
  const records = staged.map(({ record }) => record);
  const held = changedRecords(records, await readHeads(client, { stream, table: targetOf(stream), records }));
  return {
    changed: staged.flatMap(({ record, event }) =>
      held.has(record) ? [{ ...event, path: keyPath(stream), reason: CHANGED }] : [],
    ),
    unchanged: staged.filter(({ record }) => !held.has(record)),
  };
}

interface Told {
  readonly fitting: readonly StagedWaiting[];
  readonly refused: readonly UnfitEvent[];
  readonly settled: readonly Omit<SettledRecord, 'by'>[];
  readonly brought: readonly Brought[];
}

/** What PostgreSQL refuses is left out, and the rest is written again. */
async function writeFitting(
  client: ClientBase,
  of: LockedStream,
  { staged, lines }: { readonly staged: readonly StagedWaiting[]; readonly lines: PostgresLines },
): Promise<Told> {
  const refused: UnfitEvent[] = [];
  let fitting = staged;
  for (;;) {
    await client.query('savepoint release');
    try {
      const told = await write(client, of, { fitting, lines });
      await client.query('release savepoint release');
      return { ...told, refused, fitting };
    } catch (error) {
      if (!(error instanceof RefusedRow)) throw error;
      await client.query('rollback to savepoint release');
      const one = fitting.find(({ record }) => record.line === error.record.line);
      if (one === undefined) throw error;
      const { key, hash } = one.record;
      refused.push({ ...one.event, key, hash, path: error.path, reason: error.message });
      fitting = fitting.filter((each) => each !== one);
    }
  }
}

async function write(
  client: ClientBase,
  { stream, streamId }: LockedStream,
  { fitting, lines }: { readonly fitting: readonly StagedWaiting[]; readonly lines: PostgresLines },
): Promise<Pick<Told, 'settled' | 'brought'>> {
  const table = targetOf(stream);
  const came = fitting.map(({ record }) => record);
  const records = came.map((record) => withHeadKey(stream, record));
  const { rows } = await client.query<{ last_event: string }>('select last_event from streams where stream_id = $1', [
    streamId,
  ]);
  const heads = await withReceived(client, {
    streamId,
    heads: await readHeads(client, { stream, table, records: came }),
  });
  const folded = fold({
    // Each with the page that it came with.
    pages: records.map((record) => ({ records: [record], quarantined: 0 })),
    heads,
    ...(knowsDeletes(stream) ? { gone: await readGone(client, { stream, streamId, records: came }) } : {}),
    lastEvent: Number(rows[0]?.last_event),
  });
  const pages = fitting.map(({ event }) => ({ page: event.page, run: event.run, lines }));
  const ruled = await RuleCheck.begin(client, { stream, streamId, runNo: null }, folded);
  await writeRows(client, { stream, run: { streamId, runNo: 0 }, table, folded, pages });
  await bury(client, { stream, streamId, table, folded, pages: [], firstPage: 0 });
  if (folded.updates.length > 0) await client.query(`drop table ${stagingOf(streamId)}`);
  await client.query('update streams set last_event = $2 where stream_id = $1', [streamId, folded.lastEvent]);
  await ruled?.end();
  await noteContradictions(client, { stream, streamId }, { fitting, odd: folded.odd });
  const logged = new Map(folded.events.map(({ record, event }) => [record, event]));
  return {
    settled: fitting.map(({ waiting }, at) => ({
      event: waiting.event,
      fate: fates.find((fate) => (folded.counts[at]?.[fate] ?? 0) > 0) as Fate,
      logged: logged.get(records[at] as StagedRecord) ?? null,
    })),
    brought: [...folded.inserts, ...folded.updates, ...folded.behindDeletes].flatMap(({ record, event }) =>
      (record.offers ?? []).map((offer) => ({ ...offer, event })),
    ),
  };
}

/**
 * Other content with a version that is known, under the run that it came with. An older version says nothing here: it may only have waited for
 * longer than the newer one.
 */
async function noteContradictions(
  client: ClientBase,
  { stream, streamId }: Pick<LockedStream, 'stream' | 'streamId'>,
  { fitting, odd }: { readonly fitting: readonly StagedWaiting[]; readonly odd: readonly OddOne<StagedRecord>[] },
): Promise<void> {
  const byRun = new Map<number, OddOne<StagedRecord>[]>();
  for (const each of odd) {
    if (each.odd !== 'conflict') continue;
    const { run } = (fitting[each.page] as StagedWaiting).event;
    byRun.set(run, [...(byRun.get(run) ?? []), each]);
  }
  for (const [runNo, conflicts] of byRun)
    await noteAnomalies(client, { run: { streamId, runNo }, found: anomaliesOf(stream, conflicts) });
}
