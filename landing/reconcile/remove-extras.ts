import type { Pool, PoolClient } from 'pg';
import { heldForApproval, type Approval } from '../../core/approval.ts';
import { keyParts } from '../../core/key-text.ts';
import type { StreamRun } from '../../core/staged.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { approvalOfRun, askApproval } from '../../store/approvals.ts';
import { transaction } from '../../store/session/transaction.ts';
import { targetOf } from '../../targets/postgres/target-table.ts';
import { holdOf } from '../../core/landed-stream.ts';
import { judgeWave } from '../hold-wave.ts';
import { keyIs } from '../key-is.ts';
import { missingOf } from '../missing-keys.ts';
import { lockRun } from '../place-in-run.ts';
import { sweepMissing } from '../sweep-missing.ts';

interface Extras {
  readonly stream: CompiledStream;
  readonly run: StreamRun;
  readonly reconciliation: string;
}

const EXAMPLES = 5;

/**
 * Deletes what only the store has, as a sweep does, unless it is so much that a person has to look at it first: then it throws HeldForApproval. A record
 * that the store has learned anything of since it was found stays. Repeating it changes nothing.
 */
export async function removeExtras(pool: Pool, extras: Extras): Promise<void> {
  const held = await transaction(pool, (client) => remove(client, extras));
  if (held !== undefined) throw heldForApproval(held);
}

async function remove(client: PoolClient, extras: Extras): Promise<Approval | undefined> {
  const { stream, run } = extras;
  const { rows: runs } = await client.query<{ state: string; page_no: number }>(
    'select state, page_no from stream_runs where sync_id = $1',
    [run.syncId],
  );
  if (runs[0]?.state !== 'running') return undefined;
  const { lastEvent, lastPage } = await lockRun(client, run);
  const gone = await findExtras(client, extras);
  if (gone === 0) return undefined;
  const asked = { streamId: run.streamId, runNo: run.runNo, kind: 'events' } as const;
  const before = await approvalOfRun(client, asked);
  const verdict = await judgeWave(client, {
    stream,
    run,
    kind: 'events',
    gone,
    examples: () => examplesOf(client, extras),
  });
  if (verdict.state === 'waiting') return verdict.approval;
  if (verdict.state === 'refused') return undefined;
  // What was approved were fewer deletes, which came in the records that were read again.
  if (before?.state === 'approved' && before.gone < gone)
    return askApproval(client, {
      ...asked,
      syncId: run.syncId,
      wave: { kind: 'events', gone, of: before.of },
      examples: await examplesOf(client, extras),
      waitMs: holdOf(stream)?.for ?? 0,
    });
  await sweepMissing(client, { stream, run, pages: runs[0].page_no, lastEvent, lastPage });
  // The next run looks at all that is left.
  await client.query('update streams set rules_checked = null where stream_id = $1 and rules_checked is not null', [
    run.streamId,
  ]);
  return undefined;
}

async function findExtras(client: PoolClient, { stream, run, reconciliation }: Extras): Promise<number> {
  const missing = missingOf(run.streamId);
  await client.query(
    `create temp table ${missing} on commit drop as
      select e.event, e.key, e.version, e.hash from ${targetOf(stream)} t join events_${run.streamId} e on e.event = t._event
        join reconcile_findings f on f.key = e.key and f.event = e.event
        where f.reconciliation = $1 and f.kind = 'extra' and f.state = 'open' and t._deleted_at is null and ${keyIs(stream, 'e.key', 't')}`,
    [reconciliation],
  );
  const { rows } = await client.query<{ count: string }>(`select count(*) from ${missing}`);
  return Number(rows[0]?.count);
}

async function examplesOf(client: PoolClient, { stream, run }: Extras): Promise<readonly string[]> {
  const { rows } = await client.query<{ key: string }>(
    `select key from ${missingOf(run.streamId)} order by event limit ${EXAMPLES}`,
  );
  return rows.map(({ key }) => keyParts(key, stream.keyColumns.length).join(', '));
}
