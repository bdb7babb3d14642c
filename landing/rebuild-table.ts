import type { ClientBase, Pool } from 'pg';
import { InvalidInput, NeedsAttention, RetryLater } from '../core/errors.ts';
import type { Failpoint } from '../core/failpoint.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { applyDifferences, beforeOf, undoDifferences, type RolledBack } from './apply-differences.ts';
import { atTarget } from '../targets/postgres/at-target.ts';
import { BuildTable, lastEvent, type RebuildProgress, type Unfit } from './build-table.ts';
import { childDifferences, refillChildren } from './children.ts';
import { compareTables, type Compared, type Differences } from './compare-tables.ts';
import { holdUnfit } from './hold-unfit.ts';
import { expectSameColumns } from './made-columns.ts';
import { expectSameTransforms } from './same-transforms.ts';
import { RebuildScope, type Scope } from './rebuild-scope.ts';
import { saysListing } from './says-listing.ts';
import { logState } from './log-state.ts';
import { lookAgain } from './look-again.ts';
import { registerStream } from './open-stream.ts';
import { readEvents } from '../store/log/read-events.ts';
import { tableFault } from '../targets/postgres/table-fault.ts';
import { readTable, type TableFacts } from '../targets/postgres/table-facts.ts';
import { targetOf } from '../targets/postgres/target-table.ts';
import { transaction } from '../store/session/transaction.ts';

export interface RebuildInput {
  readonly stream: CompiledStream;
  /** Compares only: nothing changes. */
  readonly dryRun: boolean;
  /** Rows whose record fits the schema no longer may go. */
  readonly acceptUnfit: boolean;
  readonly progress: (at: RebuildProgress) => void;
  /** Only these keys' events are read, and only their rows are compared. Left out: all. */
  readonly scope?: Scope | undefined;
  readonly failpoint?: Failpoint;
}

export interface RebuildReport {
  readonly table: string;
  /** The table is, or would be, what the log says up to here. */
  readonly upTo: number;
  readonly differences: Differences;
  readonly unfit: {
    readonly events: number;
    /** Rows of the table that stand for one of them. */
    readonly rows: number;
    /** The first of them, by number and place. */
    readonly first: readonly { readonly event: number; readonly path: string; readonly reason: string }[];
  };
  readonly applied: boolean;
  /** What was looked at; `keys` null: rows of a stream without a key, each of which is one event. Left out: all of it. */
  readonly scope?: { readonly keys: number | null; readonly events: number };
  /** Rows of the tables of its children that differ from what the table says; -1: the table is gone. Left out: it has none. */
  readonly children?: readonly { readonly table: string; readonly rows: number }[];
}

/**
 * Makes a stream's table anew of its log, beside the live one, compares the two value by value, and makes those rows that differ what the
 * log says. Syncs go on meanwhile; they wait while the tables are compared. Interrupted at any moment, the live table is as it was, or
 * done.
 */
export async function rebuildTable(pool: Pool, input: RebuildInput): Promise<RebuildReport> {
  return atTarget(pool, input.stream, () => inSession(pool, input.stream, (session) => rebuild(pool, session, input)));
}

interface Session {
  readonly client: ClientBase;
  readonly streamId: number;
}

async function rebuild(pool: Pool, session: Session, input: RebuildInput): Promise<RebuildReport> {
  const { client, streamId } = session;
  const { stream, dryRun } = input;
  // The table is made, or made to fit, as a run does it when it begins.
  if (!dryRun) {
    const { isOther } = await transaction(pool, (own) => registerStream(own, stream));
    if (isOther) await lookAgain(pool, stream);
  }
  const facts = await standingTable(client, stream);
  await expectListing(client, { stream, streamId });
  for (let time = 0; time < MOST_ROUNDS; time++) {
    const report = await rebuildOnce(pool, session, { input, facts });
    if (report !== undefined) return report;
  }
  throw new RetryLater(`undos and erasures change the log of ${stream.schema}.${stream.table} all the time: repeat it`);
}

/** undefined: an undo or an erasure has changed what was read already. */
async function rebuildOnce(
  pool: Pool,
  session: Session,
  { input, facts }: { readonly input: RebuildInput; readonly facts: TableFacts },
): Promise<RebuildReport | undefined> {
  const { client, streamId } = session;
  const { stream, dryRun } = input;
  const state = await logState(client, stream);
  const scope =
    input.scope === undefined ? undefined : await RebuildScope.begin(client, { stream, streamId, scope: input.scope });
  const build = await BuildTable.begin(client, { stream, streamId, reader: pool, scope });
  try {
    for (let round = 0; ; round++) {
      await build.catchUp(input.progress);
      await input.failpoint?.('rebuild.read');
      await client.query(dryRun ? 'begin isolation level repeatable read' : 'begin');
      try {
        const upTo = await lastEvent(client, streamId, dryRun ? '' : 'for update');
        if (!dryRun) await expectOwnRows(client, { stream, streamId });
        const isSame = (await logState(client, stream)) === state;
        const ready = isSame && (round >= MOST_ROUNDS || (await build.isNear(upTo)));
        if (ready) await expectListing(client, { stream, streamId });
        const report = ready ? await exchange(session, { input, scope, build, facts, upTo }) : undefined;
        await client.query(report?.applied === true ? 'commit' : 'rollback');
        if (report !== undefined || !isSame) return report;
      } catch (error) {
        await client.query('rollback').catch(() => {});
        throw error;
      }
    }
  } finally {
    // One that stays behind is dropped by the next rebuild.
    await build.drop().catch(() => {});
    await scope?.drop().catch(() => {});
  }
}

const MOST_ROUNDS = 10;
const NAMED = 10;

async function exchange(
  { client, streamId }: Session,
  {
    input,
    scope,
    build,
    facts,
    upTo,
  }: {
    readonly input: RebuildInput;
    readonly scope: RebuildScope | undefined;
    readonly build: BuildTable;
    readonly facts: TableFacts;
    readonly upTo: number;
  },
): Promise<RebuildReport> {
  const { stream, dryRun, acceptUnfit } = input;
  await build.finish(upTo);
  await scope?.expectOnly(build.name);
  const compared: Compared = {
    stream,
    live: targetOf(stream),
    ...(scope === undefined ? {} : { rows: scope.rows }),
    facts,
    build: build.name,
    differ: `differ_${streamId}`,
  };
  // Elements of the rows that are corrected follow by triggers.
  const children =
    stream.children === undefined || scope !== undefined ? undefined : await childDifferences(client, stream);
  const differences = await compareTables(client, compared);
  const unfit = [...build.unfit.values()].toSorted((a, b) => a.event - b.event);
  const shown = await shownUnfit(client, { differ: compared.differ, unfit });
  const report: RebuildReport = {
    table: `${stream.schema}.${stream.table}`,
    upTo,
    differences,
    unfit: {
      events: unfit.length,
      rows: shown.length,
      first: (shown.length > 0 ? shown : unfit)
        .slice(0, NAMED)
        .map(({ event, path, reason }) => ({ event, path, reason })),
    },
    applied: false,
    ...(scope === undefined ? {} : { scope: await scope.count() }),
    ...(children === undefined ? {} : { children }),
  };
  if (dryRun) return report;
  if (shown.length > 0 && !acceptUnfit) throw refused(stream, report);
  const rows = differences.changed + differences.gone + differences.came;
  if (rows > 0) await applyDifferences(client, { compared, differences, before: beforeOf(stream, streamId) });
  await holdShown(client, { stream, streamId, shown });
  const others = children?.some((child) => child.rows !== 0) === true;
  if (others) await refillChildren(client, stream);
  return { ...report, applied: rows > 0 || others };
}

/** Those of the events that fit no longer which rows stand for. */
async function shownUnfit(
  client: ClientBase,
  { differ, unfit }: { readonly differ: string; readonly unfit: readonly Unfit[] },
): Promise<readonly Unfit[]> {
  if (unfit.length === 0) return [];
  const { rows } = await client.query<{ event: string }>(
    `select d._event as event from ${differ} d where d._before_was <> 'came' and d._event = any ($1)`,
    [unfit.map(({ event }) => event)],
  );
  const shown = new Set(rows.map(({ event }) => Number(event)));
  return unfit.filter(({ event }) => shown.has(event));
}

/** They are in quarantine then, and a replay brings them back once the schema takes them again. */
async function holdShown(
  client: ClientBase,
  {
    stream,
    streamId,
    shown,
  }: { readonly stream: CompiledStream; readonly streamId: number; readonly shown: readonly Unfit[] },
): Promise<void> {
  for (let from = 0; from < shown.length; from += 500) {
    const part = new Map(shown.slice(from, from + 500).map((unfit) => [unfit.event, unfit]));
    const events = await readEvents(client, { streamId, events: [...part.keys()] });
    const held = events.map((event) => ({ ...event, ...(part.get(event.event) as Unfit) }));
    await holdUnfit(client, { stream, streamId, held });
  }
}

function refused(stream: CompiledStream, { table, unfit }: RebuildReport): NeedsAttention {
  const named = unfit.first.map(({ event, path, reason }) => `event ${event}: ${path || 'the record'}: ${reason}`);
  return new NeedsAttention(
    `${unfit.events} events of the log no longer fit the schema, and ${unfit.rows} rows of ${table} show them (${named.join('; ')}${
      unfit.rows > named.length ? '; …' : ''
    }). Nothing was changed. Correct the schema, or repeat with --accept-unfit: these rows then show an earlier event of their key, or are removed, ` +
      'and the events go to quarantine',
    { at: { partner: stream.partner.name, stream: stream.name } },
  );
}

async function standingTable(client: ClientBase, stream: CompiledStream): Promise<TableFacts> {
  const at = { partner: stream.partner.name, stream: stream.name };
  const name = `${stream.schema}.${stream.table}`;
  const facts = await readTable(client, targetOf(stream));
  if (facts === undefined)
    throw new NeedsAttention(
      `${name} is gone: the next run makes it again, or \`syncline rebuild\` without --dry-run`,
      { at },
    );
  const fault = tableFault(stream, name, facts);
  if (fault !== undefined) throw new NeedsAttention(fault, { at });
  return facts;
}

async function expectListing(
  client: ClientBase,
  { stream, streamId }: { readonly stream: CompiledStream; readonly streamId: number },
): Promise<void> {
  if (stream.definition.disposition !== 'replace' || (await saysListing(client, { stream, streamId }))) return;
  throw new NeedsAttention(
    `the log does not say yet which rows ${stream.schema}.${stream.table} has: the next complete listing writes it there ` +
      `(\`syncline sync ${stream.partner.name} ${stream.name}\`)`,
    { at: { partner: stream.partner.name, stream: stream.name } },
  );
}

/** Who has changed transforms since the rebuild began has made the table anew. Under the stream's lock. */
async function expectOwnRows(
  client: ClientBase,
  { stream, streamId }: { readonly stream: CompiledStream; readonly streamId: number },
): Promise<void> {
  const { rows } = await client.query<{ transforms: string | null; made_columns: number }>(
    'select transforms, made_columns from streams where stream_id = $1',
    [streamId],
  );
  expectSameTransforms(stream, rows[0]?.transforms ?? null);
  expectSameColumns(stream, rows[0]?.made_columns ?? 0);
}

/** Brings back what the last rebuild changed, where nothing newer has come since. */
export async function rollBackTable(pool: Pool, stream: CompiledStream): Promise<RolledBack> {
  return atTarget(pool, stream, () =>
    inSession(pool, stream, async ({ client, streamId }) => {
      await client.query('begin');
      try {
        await lastEvent(client, streamId, 'for update');
        const undone = await undoDifferences(client, {
          stream,
          live: targetOf(stream),
          before: beforeOf(stream, streamId),
        });
        if (undone === undefined)
          throw new InvalidInput(
            `no rebuild has changed ${stream.schema}.${stream.table}, or it was rolled back already: there is nothing to restore`,
          );
        await client.query('commit');
        return undone;
      } catch (error) {
        await client.query('rollback').catch(() => {});
        throw error;
      }
    }),
  );
}

/** A connection of its own, and one rebuild of a stream at a time; a process that dies leaves the lock to the next one. */
async function inSession<T>(pool: Pool, stream: CompiledStream, work: (session: Session) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  const onError = (error: Error): void => {
    broken = error;
  };
  client.on('error', onError);
  try {
    const { rows } = await client.query<{ stream_id: number; locked: boolean }>(
      `select stream_id, pg_try_advisory_lock(hashtextextended(current_schema() || ' rebuild ' || stream_id, 0)) as locked
        from streams where partner = $1 and name = $2`,
      [stream.partner.name, stream.name],
    );
    const row = rows[0];
    if (row === undefined)
      throw new InvalidInput(
        `${stream.partner.name}.${stream.name} was never read: there is no log to make a table of; run \`syncline sync\` first`,
      );
    if (!row.locked)
      throw new RetryLater(`another rebuild of ${stream.schema}.${stream.table} is under way: wait for its end`);
    try {
      return await work({ client, streamId: row.stream_id });
    } finally {
      await client
        .query(`select pg_advisory_unlock(hashtextextended(current_schema() || ' rebuild ' || $1::integer, 0))`, [
          row.stream_id,
        ])
        .catch((error: Error) => {
          broken = error;
        });
    }
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
}
