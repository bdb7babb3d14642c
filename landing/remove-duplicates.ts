import type { Pool, PoolClient } from 'pg';
import type { Approval } from '../core/approval.ts';
import { writeCheckpoint, start } from '../core/checkpoint.ts';
import { DAY } from '../core/duration.ts';
import { InvalidInput } from '../core/errors.ts';
import { keyParts } from '../core/key-text.ts';
import { holdOf, knowsDeletes } from '../core/landed-stream.ts';
import type { StreamRun } from '../core/staged.ts';
import { dayOf } from '../core/window.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { approvalOfRun, askApproval } from '../store/approvals.ts';
import { lockDuplicates } from '../store/duplicates/members.ts';
import { endRemoval, expectNoChange, noteRemoval, waitingRemoval } from '../store/duplicates/removals.ts';
import { inTransaction } from './dry-run.ts';
import { judgeWave } from './hold-wave.ts';
import { missingOf } from './missing-keys.ts';
import { registerStream } from './open-stream.ts';
import { findRedundant, type Redundant } from './redundant-rows.ts';
import { sweepMissing } from './sweep-missing.ts';

export interface RemoveInput {
  readonly name: string;
  readonly plan: number;
  /** It, and those that follow it. */
  readonly plans: readonly number[];
  readonly stream: CompiledStream;
  readonly changed: string | undefined;
  readonly afterMs: number;
  readonly by: string;
  readonly reason: string;
  /** Of the plan's workflows: `duplicates/people/plan/12`. */
  readonly id: string;
}

export interface RemovedRows extends Redundant {
  /** `removed`: it is done. `waiting`: a person has to approve it first. `refused`: nobody has, or somebody has said no. */
  readonly state: 'found' | 'removed' | 'waiting' | 'refused';
  readonly syncId: string | null;
  readonly approval: Approval | null;
}

/** Why no row of a stream can be removed; undefined: it can. */
export function notRemovable(stream: CompiledStream): string | undefined {
  if (stream.definition.disposition === 'replace') return 'a `replace` shows what its last listing had';
  if (stream.keyColumns.length === 0 || stream.definition.disposition === 'append')
    return 'its rows have no key that could be remembered as removed';
  if (!knowsDeletes(stream))
    return 'it says nothing of deletes: declare `deletes` in its definition, so that what is removed stays removed';
  return undefined;
}

/** What would go. Nothing changes. */
export async function countRedundant(pool: Pool, input: RemoveInput): Promise<RemovedRows> {
  return inTransaction(pool, true, async (client) => {
    const { streamId } = await locked(client, input);
    return { ...(await findRedundant(client, { ...input, streamId })), state: 'found', syncId: null, approval: null };
  });
}

/**
 * Takes redundant rows of one stream out of its table, as a sweep does: deletes in the log as a batch of the kind `duplicates`, tombstones, rows, in one
 * transaction, in a run of the stream that `undo run` takes back. Killed, it has done nothing or all. Throws InvalidInput where there are not `expected` rows.
 */
export async function removeRedundant(
  pool: Pool,
  input: RemoveInput & { readonly expected: number },
): Promise<RemovedRows> {
  return inTransaction(pool, false, async (client) => {
    const { stream, plan, plans, expected, by, reason } = input;
    const standing = await locked(client, input);
    const { streamId } = standing;
    await expectNoChange(client, plans);
    const found = await findRedundant(client, { ...input, streamId });
    if (found.rows !== expected)
      throw new InvalidInput(
        `${stream.partner.name}.${stream.name} has ${found.rows} rows to remove now, and not ${expected}: look at it again`,
      );
    const known = await waitingRemoval(client, { plan, streamId });
    const run = known ?? (await begin(client, { ...input, streamId, lastRun: standing.lastRun, by, reason }));
    const of: StreamRun = { streamId, runNo: run.runNo, syncId: run.syncId };
    const approval = await mayGo(client, { stream, run: of, gone: found.rows });
    if (approval?.state === 'waiting') return { ...found, state: 'waiting', syncId: run.syncId, approval };
    if (approval !== undefined) {
      await end(client, of, { removal: run.removal, removed: null });
      return { ...found, state: 'refused', syncId: run.syncId, approval };
    }
    const { lastEvent, lastPage } = standing;
    const removed = await sweepMissing(client, { stream, run: of, pages: 0, lastEvent, lastPage }, 'duplicates');
    await client.query(
      `insert into duplicate_removed (removal_id, stream, row) select $1, $2, row from ${missingOf(streamId)}`,
      [run.removal, `${stream.partner.name}.${stream.name}`],
    );
    await end(client, of, { removal: run.removal, removed });
    // The next run looks at all that is left.
    await client.query('update streams set rules_checked = null where stream_id = $1 and rules_checked is not null', [
      streamId,
    ]);
    return { ...found, state: 'removed', syncId: run.syncId, approval: null };
  });
}

/** The stream first, then the name: so does whoever needs both. */
async function locked(client: PoolClient, { stream, name }: Pick<RemoveInput, 'stream' | 'name'>) {
  await registerStream(client, stream);
  const { rows } = await client.query<{ stream_id: number; last_run: number; last_event: string; last_page: string }>(
    'select stream_id, last_run, last_event, last_page from streams where partner = $1 and name = $2 for update',
    [stream.partner.name, stream.name],
  );
  await lockDuplicates(client, name);
  const row = rows[0] as (typeof rows)[number];
  return {
    streamId: row.stream_id,
    lastRun: row.last_run,
    lastEvent: Number(row.last_event),
    lastPage: Number(row.last_page),
  };
}

interface Begun {
  readonly removal: number;
  readonly runNo: number;
  readonly syncId: string;
}

/** A run that reads nothing, as one that repairs: no watermark moves. */
async function begin(
  client: PoolClient,
  {
    stream,
    streamId,
    lastRun,
    id,
    plan,
    by,
    reason,
  }: RemoveInput & { readonly streamId: number; readonly lastRun: number },
): Promise<Begun> {
  const runNo = lastRun + 1;
  const syncId = `${id}/remove/${stream.partner.name}/${stream.name}/${runNo}`;
  await client.query('update streams set last_run = $2 where stream_id = $1', [streamId, runNo]);
  await client.query(
    `insert into stream_runs (stream_id, run_no, sync_id, window_label, kind, lane, definition_version, state, checkpoint, target_table, remark)
      values ($1, $2, $3, $4, 'fetch', 'normal', $5, 'running', $6, $7, $8)`,
    [
      ...[streamId, runNo, syncId, `1970-01-01..${dayOf(Date.now() + DAY)}`, stream.definitionVersion],
      ...[writeCheckpoint({ ...start, done: true }), stream.table, `removes duplicates of plan ${plan}`],
    ],
  );
  return { removal: await noteRemoval(client, { plan, streamId, by, reason, runNo, syncId }), runNo, syncId };
}

async function end(
  client: PoolClient,
  { streamId, runNo }: StreamRun,
  of: { readonly removal: number; readonly removed: number | null },
): Promise<void> {
  await client.query(
    `update stream_runs set state = 'done', outcome = $3, reason = remark, removed = $4, page_no = $5, finished_at = now(), updated_at = now()
      where stream_id = $1 and run_no = $2`,
    [streamId, runNo, of.removed === null ? 'suspect' : 'ok', of.removed ?? 0, of.removed === null ? 0 : 1],
  );
  await endRemoval(client, of);
}

const EXAMPLES = 5;

/** undefined: they may go. */
async function mayGo(
  client: PoolClient,
  { stream, run, gone }: { readonly stream: CompiledStream; readonly run: StreamRun; readonly gone: number },
): Promise<Approval | undefined> {
  const examples = async (): Promise<readonly string[]> => {
    const { rows } = await client.query<{ key: string }>(
      `select key from ${missingOf(run.streamId)} order by event limit ${EXAMPLES}`,
    );
    return rows.map(({ key }) => keyParts(key, stream.keyColumns.length).join(', '));
  };
  const asked = { streamId: run.streamId, runNo: run.runNo, kind: 'events' } as const;
  const before = await approvalOfRun(client, asked);
  const verdict = await judgeWave(client, { stream, run, kind: 'events', gone, examples });
  if (verdict.state !== 'free') return verdict.approval;
  if (before?.state !== 'approved' || before.gone >= gone) return undefined;
  // What was approved were fewer.
  return askApproval(client, {
    ...asked,
    syncId: run.syncId,
    wave: { kind: 'events', gone, of: before.of },
    examples: await examples(),
    waitMs: holdOf(stream)?.for ?? 0,
  });
}
