import type { ClientBase } from 'pg';
import type { Approval, Wave, WaveKind } from '../core/approval.ts';
import { holdOf, type LandedStream } from '../core/landed-stream.ts';
import type { StreamRun } from '../core/staged.ts';
import { approvalOfRun, askApproval, closeApproval } from '../store/approvals.ts';
import { targetOf } from '../targets/postgres/target-table.ts';

/** `free`: they may go. `waiting`: nobody has looked at it yet. `refused`: they stay. */
export type Verdict =
  { readonly state: 'free' } | { readonly state: 'waiting' | 'refused'; readonly approval: Approval };

const free: Verdict = { state: 'free' };

export interface HeldWave {
  readonly stream: LandedStream;
  readonly run: StreamRun;
  readonly kind: WaveKind;
  /** How many rows would go. */
  readonly gone: number;
  /** Some of their keys. */
  readonly examples: () => Promise<readonly string[]>;
}

/** Whether so many rows may go at once. Call it under the stream's lock; what it asks is kept with the caller's transaction. */
export async function judgeWave(client: ClientBase, held: HeldWave): Promise<Verdict> {
  const { stream, run, kind, gone } = held;
  const hold = holdOf(stream);
  if (hold === undefined || gone <= hold.count || !(await exceeds(client, held, hold.share))) return free;
  const asked = { streamId: run.streamId, runNo: run.runNo, kind };
  const known = await approvalOfRun(client, asked);
  // What was outdated for records that are gone is asked again, of what they are now.
  if (known === undefined || (known.state === 'outdated' && kind === 'events')) {
    const wave: Wave = { kind, gone, of: await rowsOf(client, stream) };
    const approval = await askApproval(client, {
      ...asked,
      syncId: run.syncId,
      wave,
      examples: await held.examples(),
      waitMs: hold.for,
    });
    return { state: 'waiting', approval };
  }
  if (known.state === 'approved') return free;
  await closeApproval(client, known);
  return { state: known.state === 'waiting' ? 'waiting' : 'refused', approval: known };
}

/** Looks at no more rows than tell it. */
async function exceeds(client: ClientBase, { stream, gone }: HeldWave, share: number): Promise<boolean> {
  if (share === 0) return true;
  const enough = Math.ceil(gone / share);
  const { rows } = await client.query<{ rows: string }>(
    `select count(*) as rows from (select from ${targetOf(stream)} where _deleted_at is null limit $1) t`,
    [enough],
  );
  return Number(rows[0]?.rows) < enough;
}

async function rowsOf(client: ClientBase, stream: LandedStream): Promise<number> {
  const { rows } = await client.query<{ rows: string }>(
    `select count(*) as rows from ${targetOf(stream)} where _deleted_at is null`,
  );
  return Number(rows[0]?.rows);
}
