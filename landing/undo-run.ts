import type { ClientBase, Pool } from 'pg';
import { InvalidInput } from '../core/errors.ts';
import { sweeps } from '../core/landed-stream.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { tablesElsewhere } from '../definitions/named-targets.ts';
import { ordersByVersion } from '../store/quarantine/supersede-older.ts';
import { noteBack, noteEffects, noteUndo, type Reading, type UndoEffects } from '../store/undo/undos.ts';
import { transaction } from '../store/session/transaction.ts';
import type { Failpoint } from '../core/failpoint.ts';
import { targetOf } from '../targets/postgres/target-table.ts';
import { judgeAnew } from './broken-rules.ts';
import { inTransaction } from './dry-run.ts';
import { lookAgain } from './look-again.ts';
import { registerStream } from './open-stream.ts';
import { ownOf } from './undo-events.ts';
import { undoPart, type PartDone } from './undo-part.ts';
import { lock, partsOf, remembers, withdraw } from './undo-parts.ts';
import { readAgainSince, setReadingBack, setReadingForth } from './undo-reading.ts';
import { stopWaiting, waitAsBefore } from './undo-releases.ts';
import { refuseUndo, type RunOfStream, type UndoneRun } from './undoable.ts';

export interface UndoInput {
  /** Of one partner, at most one of a stream. */
  readonly runs: readonly RunOfStream[];
  readonly by: string;
  readonly reason: string;
  /** Nothing stays: it only counts. */
  readonly dryRun: boolean;
  readonly failpoint?: Failpoint;
}

export interface UndoReport {
  readonly undo: number;
  readonly partner: string;
  readonly stream: string;
  readonly syncId: string;
  readonly effects: UndoEffects;
  /** From where the next run reads; null: from the beginning, or the stream has no such time. */
  readonly watermark: string | null;
  /** A range of its own: no later run reads it by itself. */
  readonly window: string;
  /** Tables that have to be made anew from the log, by their targets; `lake.history`: the history there. */
  readonly targets: readonly string[];
}

/**
 * Has all that runs of streams brought count no more: log, table, tombstones, what waits and quarantine are as if they had never been, in one
 * transaction, and what later runs brought stays. The next runs read again what they had read. Other tables follow by events of the kind `r`.
 */
export async function undoRuns(pool: Pool, input: UndoInput): Promise<readonly UndoReport[]> {
  return inOrder(pool, input, needingFirst, undoOne);
}

/** Takes undos of runs back: their events count again, with all that came since. */
export async function takeUndosBack(pool: Pool, input: UndoInput): Promise<readonly UndoReport[]> {
  return inOrder(pool, input, (runs) => needingFirst(runs).toReversed(), takeOneBack);
}

/** What needs others goes before them, and comes back behind them. */
const needingFirst = (runs: readonly RunOfStream[]): readonly RunOfStream[] =>
  runs.toSorted((a, b) => dependentsOf(a) - dependentsOf(b));
const dependentsOf = ({ stream }: RunOfStream): number => stream.relations?.dependents.length ?? 0;

type One = (client: ClientBase, run: RunOfStream, input: UndoInput) => Promise<UndoReport>;

async function inOrder(
  pool: Pool,
  input: UndoInput,
  ordered: (runs: readonly RunOfStream[]) => readonly RunOfStream[],
  one: One,
): Promise<readonly UndoReport[]> {
  const { runs, dryRun, failpoint } = input;
  if (!dryRun) for (const { stream } of runs) await fitTables(pool, stream);
  const reports = await inTransaction(pool, dryRun, async (client) => {
    await lockAll(client, runs);
    const done: UndoReport[] = [];
    for (const run of ordered(runs)) done.push(await one(client, run, input));
    await failpoint?.('undo.before');
    return done;
  });
  await failpoint?.('undo.after');
  if (!dryRun) for (const { stream } of runs) await lookAtOthers(pool, stream);
  return reports;
}

/** In one statement, and in the order of their numbers: two that wait for each other would wait for ever. */
async function lockAll(client: ClientBase, runs: readonly RunOfStream[]): Promise<void> {
  const names = runs.flatMap(({ stream: { name, relations, deletesIn } }) => [
    name,
    ...(relations?.dependents ?? []),
    ...(deletesIn === undefined ? [] : [deletesIn.name, ...(deletesIn.relations?.dependents ?? [])]),
  ]);
  await client.query('select from streams where partner = $1 and name = any ($2) order by stream_id for update', [
    runs[0]?.stream.partner.name,
    names,
  ]);
}

async function undoOne(client: ClientBase, of: RunOfStream, { by, reason }: UndoInput): Promise<UndoReport> {
  const { stream, syncId } = of;
  const { locked, run } = await lock(client, of);
  await refuseUndo(client, { stream, run });
  const { stream_id: streamId, run_no: runNo } = run;
  const reading: Reading = { watermark: run.watermark, keptCursor: run.kept_cursor, validators: run.validators };
  const undo = await noteUndo(client, { streamId, runNo, by, reason, lastRun: run.last_run, reading });
  const others = await othersInForce(client, run, undo);
  const common = { undo, counts: 'no more', exact: false, others } as const;
  const parts: PartDone[] = [];
  for (const part of partsOf(locked, run)) {
    parts.push(await undoPart(client, { ...common, ...part, remember: remembers(locked, part) }));
    await stopWaiting(client, { undo, streamId: part.streamId, own: ownOf(part.streamId) });
    parts.push(...(await withdraw(client, { ...common, ...part }, locked)));
  }
  const quarantined = await setQuarantine(client, run, 'undone');
  await forgetSuperseded(client, stream, run);
  const { watermark, unchanged } = await setReadingBack(client, run);
  await client.query('update stream_runs set undone_at = now() where stream_id = $1 and run_no = $2', [
    streamId,
    runNo,
  ]);
  await setSwept(client, stream, streamId);
  await judgeAnew(client, locked.values());
  const targets = tablesToRemake(stream, parts);
  const effects = { ...sumOf(parts), quarantined, unchanged };
  await noteEffects(client, { undo, effects, pending: targets });
  return {
    undo,
    partner: stream.partner.name,
    stream: stream.name,
    syncId,
    effects,
    watermark,
    window: run.window_label,
    targets,
  };
}

async function takeOneBack(client: ClientBase, of: RunOfStream, { by, reason }: UndoInput): Promise<UndoReport> {
  const { stream, syncId } = of;
  const { locked, run } = await lock(client, of);
  const undone = await undoInForce(client, run);
  const { undo } = undone;
  const others = await othersInForce(client, run, undo);
  const common = { undo, counts: 'again', exact: !others && undone.latest, others } as const;
  if (stream.definition.disposition === 'replace') refuseListing(run, undone);
  if (stream.definition.disposition === 'append') refuseTwice(run, undone);
  const parts: PartDone[] = [];
  for (const part of partsOf(locked, run)) parts.push(await undoPart(client, { ...common, ...part }));
  const released = await waitAsBefore(client, { undo });
  for (const of of locked.values()) {
    const events = released.get(of.streamId) ?? [];
    if (events.length > 0) parts.push(await undoPart(client, { ...common, ...of, own: { events } }));
  }
  const quarantined = await setQuarantine(client, run, 'held');
  await setReadingForth(client, { streamId: run.stream_id, others, ...undone });
  const { unchanged, unread } = await readAgainSince(client, {
    streamId: run.stream_id,
    lastRun: undone.lastRun,
    isSwept: sweeps(stream),
  });
  await client.query('update stream_runs set undone_at = null where stream_id = $1 and run_no = $2', [
    run.stream_id,
    run.run_no,
  ]);
  await setSwept(client, stream, run.stream_id);
  await judgeAnew(client, locked.values());
  const targets = tablesToRemake(stream, parts);
  await noteBack(client, { undo, by, reason, unread });
  const effects = { ...sumOf(parts), quarantined, unchanged };
  await client.query('update undos set pending = $2 where undo_id = $1', [undo, targets]);
  const { rows } = await client.query<{ watermark: string | null }>(
    'select watermark from streams where stream_id = $1',
    [run.stream_id],
  );
  const watermark = rows[0]?.watermark ?? null;
  return {
    undo,
    partner: stream.partner.name,
    stream: stream.name,
    syncId,
    effects,
    watermark,
    window: run.window_label,
    targets,
  };
}

async function fitTables(pool: Pool, stream: CompiledStream): Promise<void> {
  const { rows } = await pool.query('select from streams where partner = $1 and name = $2 and last_run > 0', [
    stream.partner.name,
    stream.name,
  ]);
  if (rows.length === 0) throw new InvalidInput(`nothing of ${stream.partner.name}.${stream.name} was ever read`);
  for (const each of stream.deletesIn === undefined ? [stream] : [stream, stream.deletesIn]) {
    const { isOther } = await transaction(pool, (client) => registerStream(client, each));
    if (isOther) await lookAgain(pool, each);
  }
}

interface InForce {
  readonly undo: number;
  readonly reading: Reading;
  readonly lastRun: number;
  /** What was undone in the stream since was taken back, and nothing of before was. */
  readonly latest: boolean;
  /** No run of the stream has begun since. */
  readonly noneSince: boolean;
}

async function undoInForce(client: ClientBase, run: UndoneRun): Promise<InForce> {
  const { rows } = await client.query<{ undo_id: number; reading: Reading; last_run: number; latest: boolean }>(
    `select u.undo_id, u.reading, u.last_run,
        not exists (select from undos o where o.stream_id = u.stream_id and case when o.undo_id > u.undo_id then o.back_at is null else o.back_at > u.at end) as latest
      from undos u where u.stream_id = $1 and u.run_no = $2 and u.back_at is null`,
    [run.stream_id, run.run_no],
  );
  const row = rows[0];
  if (row === undefined) throw new InvalidInput(`${run.sync_id} is not undone: there is nothing to take back`);
  return {
    undo: row.undo_id,
    reading: row.reading,
    lastRun: row.last_run,
    latest: row.latest,
    noneSince: run.last_run === row.last_run,
  };
}

async function othersInForce(client: ClientBase, run: UndoneRun, undo: number): Promise<boolean> {
  const { rows } = await client.query<{ any: boolean }>(
    'select exists (select from undos where stream_id = $1 and undo_id <> $2 and back_at is null) as any',
    [run.stream_id, undo],
  );
  return rows[0]?.any === true;
}

/** A run since has read again what this one had read: each record of an `append` is a row. */
function refuseTwice(run: UndoneRun, { noneSince }: InForce): void {
  if (!noneSince)
    throw new InvalidInput(
      `${run.sync_id} is of an \`append\`, and another run of its stream has begun since: what both have read would be there twice`,
    );
}

/** A listing that has ended since was compared with the table without it. */
function refuseListing(run: UndoneRun, { noneSince }: InForce): void {
  if (!noneSince)
    throw new InvalidInput(
      `${run.sync_id} is a complete listing, and another run of its stream has begun since: what that one found is compared with the table as it was then`,
    );
}

async function setQuarantine(client: ClientBase, run: UndoneRun, to: 'undone' | 'held'): Promise<number> {
  const { rowCount } = await client.query(
    `update quarantine q set status = $3, settled_at = case when $3 = 'held' then null else now() end
      from pages p where q.stream_id = $1 and p.stream_id = $1 and p.page_id = q.page and p.run_no = $2
        and q.status = case when $3 = 'held' then 'undone' else 'held' end
        and not exists (select from quarantine_sightings o where o.stream_id = $1 and o.page = q.page and o.ordinal = q.ordinal)`,
    [run.stream_id, run.run_no, to],
  );
  return rowCount ?? 0;
}

/** The newer record may be one that counts no more. What is overtaken all the same is marked again when its key comes. */
async function forgetSuperseded(client: ClientBase, stream: CompiledStream, run: UndoneRun): Promise<void> {
  if (!ordersByVersion(stream)) return;
  await client.query(
    `update quarantine set superseded_at = null where stream_id = $1 and status = 'held' and superseded_at >=
      (select started_at from stream_runs where stream_id = $1 and run_no = $2)`,
    [run.stream_id, run.run_no],
  );
}

/** Which listing a \`replace\` shows now. */
async function setSwept(client: ClientBase, stream: CompiledStream, streamId: number): Promise<void> {
  if (stream.definition.disposition !== 'replace') return;
  await client.query(
    `update streams s set swept_rows = (select count(*) from ${targetOf(stream)}),
        swept = (select max(r.sweep) from stream_runs r where r.stream_id = $1 and r.sweep > 0 and r.undone_at is null)
      where s.stream_id = $1`,
    [streamId],
  );
}

const tablesToRemake = (stream: CompiledStream, [own]: readonly PartDone[]): readonly string[] =>
  own?.whole === true ? tablesElsewhere(stream) : [];

const sumOf = (parts: readonly PartDone[]): Omit<UndoEffects, 'quarantined' | 'unchanged'> => {
  const sum = (of: (part: PartDone) => number): number => parts.reduce((total, part) => total + of(part), 0);
  return {
    events: sum(({ events }) => events),
    keys: sum(({ keys }) => keys),
    decided: sum(({ decided }) => decided),
    waiting: sum(({ waiting = 0 }) => waiting),
    unfit: sum(({ unfit }) => unfit),
  };
};

/** What is there again, or waits again, may release what others wait for. */
async function lookAtOthers(pool: Pool, stream: CompiledStream): Promise<void> {
  const { relations } = stream;
  if (relations === undefined) return;
  for (const name of new Set([stream.name, ...relations.dependents])) await lookAgain(pool, relations.stream(name));
}
