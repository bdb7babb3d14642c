import type { ClientBase, Pool } from 'pg';
import type { Approval, ApprovalState, Wave, WaveKind } from '../core/approval.ts';
import { InvalidInput } from '../core/errors.ts';
import { transaction } from './session/transaction.ts';

interface Row {
  readonly approval_id: number;
  readonly partner: string;
  readonly stream: string;
  readonly sync_id: string;
  readonly kind: WaveKind;
  readonly gone: string;
  readonly of: string;
  readonly examples: string[];
  readonly state: ApprovalState;
  readonly asked_at: Date;
  readonly until: Date;
  readonly decided_by: string | null;
  readonly decided_at: Date | null;
  readonly reason: string | null;
}

/** Whether the stream has gone beyond what was asked. */
const changed = 'a.last_page <> s.last_page or a.run_no <> s.last_run';

/** What waited for an answer in vain is `lapsed`, and what the stream has gone beyond is `outdated`, before anybody writes it down. */
const selected = (
  state: string,
): string => `select a.approval_id, s.partner, s.name as stream, a.sync_id, a.kind, a.gone, a.of, a.examples,
    a.asked_at, a.until, a.decided_by, a.decided_at, a.reason, ${state} as state
  from approvals a join streams s using (stream_id)`;
const standing = `case when a.state <> 'waiting' then a.state when ${changed} then 'outdated'
    when a.until <= now() then 'lapsed' else 'waiting' end`;
/** What was approved holds for a sweep only where nothing has come since. */
const holding = `case when a.state = 'approved' and a.kind = 'sweep' and (${changed}) then 'outdated' else ${standing} end`;

const approvalOf = (row: Row): Approval => ({
  id: row.approval_id,
  partner: row.partner,
  stream: row.stream,
  syncId: row.sync_id,
  kind: row.kind,
  gone: Number(row.gone),
  of: Number(row.of),
  examples: row.examples,
  state: row.state,
  askedAt: row.asked_at.toISOString(),
  until: row.until.toISOString(),
  decidedBy: row.decided_by,
  decidedAt: row.decided_at?.toISOString() ?? null,
  reason: row.reason,
});

export interface Asked {
  readonly streamId: number;
  readonly runNo: number;
  readonly kind: WaveKind;
}

/** The last answer to a run; undefined: it has not asked. Call it under the stream's lock. */
export async function approvalOfRun(
  client: ClientBase,
  { streamId, runNo, kind }: Asked,
): Promise<Approval | undefined> {
  const { rows } = await client.query<Row>(
    `${selected(holding)} where a.stream_id = $1 and a.run_no = $2 and a.kind = $3 order by a.approval_id desc limit 1`,
    [streamId, runNo, kind],
  );
  return rows.map(approvalOf)[0];
}

/** Asks for approval. What waited before, of whatever run, is outdated. Call it under the stream's lock. */
export async function askApproval(
  client: ClientBase,
  asked: Asked & {
    readonly syncId: string;
    readonly wave: Wave;
    readonly examples: readonly string[];
    readonly waitMs: number;
  },
): Promise<Approval> {
  const { streamId, runNo, kind, syncId, wave, examples, waitMs } = asked;
  await client.query(`update approvals set state = 'outdated' where stream_id = $1 and state = 'waiting'`, [streamId]);
  await client.query(
    `insert into approvals (stream_id, run_no, sync_id, kind, gone, of, examples, last_page, until)
      select $1, $2, $3, $4, $5, $6, $7, s.last_page, now() + $8 * interval '1 millisecond' from streams s where s.stream_id = $1`,
    [streamId, runNo, syncId, kind, wave.gone, wave.of, examples, waitMs],
  );
  return (await approvalOfRun(client, asked)) as Approval;
}

/** Writes down how an unanswered one stands by now. */
export async function closeApproval(client: ClientBase, { id, state }: Pick<Approval, 'id' | 'state'>): Promise<void> {
  await client.query(`update approvals set state = $2 where approval_id = $1 and state = 'waiting'`, [id, state]);
}

/** The newest first. */
export async function readApprovals(
  pool: Pool,
  { partner, all = false }: { readonly partner?: string | undefined; readonly all?: boolean },
): Promise<readonly Approval[]> {
  const { rows } = await pool.query<Row>(
    `select * from (${selected(standing)}) a where ($1::text is null or partner = $1) and ($2 or state = 'waiting') order by approval_id desc limit 200`,
    [partner ?? null, all],
  );
  return rows.map(approvalOf);
}

export async function readApproval(pool: Pool | ClientBase, id: number): Promise<Approval> {
  const { rows } = await pool.query<Row>(`${selected(standing)} where a.approval_id = $1`, [id]);
  const [found] = rows.map(approvalOf);
  if (found === undefined)
    throw new InvalidInput(`there is no approval ${id}: \`syncline approvals list --all\` shows all`);
  return found;
}

/** Answers a question that is still one, under the stream's lock: no run can change what was asked meanwhile. */
export async function decideApproval(
  pool: Pool,
  {
    id,
    state,
    by,
    reason,
  }: { readonly id: number; readonly state: 'approved' | 'rejected'; readonly by: string; readonly reason: string },
): Promise<Approval> {
  const decided = await transaction(pool, async (client) => {
    await client.query(
      'select from streams where stream_id = (select stream_id from approvals where approval_id = $1) for update',
      [id],
    );
    const found = await readApproval(client, id);
    if (found.state === 'waiting') {
      await client.query(
        'update approvals set state = $2, decided_by = $3, decided_at = now(), reason = $4 where approval_id = $1',
        [id, state, by, reason],
      );
      return readApproval(client, id);
    }
    await closeApproval(client, found);
    return found;
  });
  if (decided.state === state && decided.decidedBy === by && decided.reason === reason) return decided;
  throw new InvalidInput(refusalOf(decided));
}

function refusalOf({ id, state, decidedBy, decidedAt, until, partner, stream, reason }: Approval): string {
  if (state === 'outdated')
    return (
      `${partner}.${stream} was changed since approval ${id} was asked for: what it would delete now is not what was asked. ` +
      'The run that changed it, or the next one, asks again if need be (`syncline approvals list`)'
    );
  if (state === 'lapsed')
    return `the run has waited for approval ${id} until ${until.slice(0, 16)}Z and goes on without it: the next one asks again`;
  return `approval ${id} was ${state} by ${decidedBy} at ${decidedAt?.slice(0, 16)}Z already: ${reason}`;
}

/** Number of the question of a run that nobody has answered yet. */
export async function waitingApproval(pool: Pool, syncId: string): Promise<number | undefined> {
  const { rows } = await pool.query<{ approval_id: number }>(
    `select approval_id from approvals where sync_id = $1 and state = 'waiting' order by approval_id desc limit 1`,
    [syncId],
  );
  return rows[0]?.approval_id;
}
