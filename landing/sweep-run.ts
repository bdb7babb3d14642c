import type { PoolClient } from 'pg';
import { describeRefusal, type Approval } from '../core/approval.ts';
import { keyParts } from '../core/key-text.ts';
import { quoted } from '../core/sql-text.ts';
import type { Outcome } from '../core/names.ts';
import { sweeps } from '../core/landed-stream.ts';
import { approvalOfRun } from '../store/approvals.ts';
import { shadowOf } from '../targets/postgres/shadow.ts';
import { targetOf } from '../targets/postgres/target-table.ts';
import { listingFault, type SweptRow } from './listing-fault.ts';
import { judgeWave, type HeldWave } from './hold-wave.ts';
import { findMissing, missingOf } from './missing-keys.ts';
import { swap } from './swap.ts';
import { sweepMissing } from './sweep-missing.ts';
import type { FinishStream } from './warehouse.ts';

export interface SweepOf extends Pick<FinishStream, 'stream' | 'run'> {
  readonly outcome: Outcome;
  readonly row: SweptRow;
}

/** What the end of a run did to rows that its listing did not have. */
export interface Swept {
  readonly removed: number;
  /** The event that ended the listing of a `replace`; 0: none was swapped in. */
  readonly sweep: number;
  /** Why rows that might have gone are still there. */
  readonly says?: string;
  /** They would have gone, and a person, time or another run has decided otherwise: the run is in doubt. */
  readonly refused?: true;
  /** The run ends once somebody has answered. */
  readonly held?: Approval;
}

const nothing: Swept = { removed: 0, sweep: 0 };

/** Takes out what a complete listing did not have, unless it is so much that a person has to look at it first. */
export async function sweepRun(client: PoolClient, of: SweepOf): Promise<Swept> {
  const { stream, outcome, row } = of;
  if (stream.definition.disposition === 'replace') {
    // A listing in doubt never replaces what readers have.
    if (outcome === 'failed' || outcome === 'suspect' || row.not_modified) return nothing;
    return replaceAll(client, of);
  }
  if (!sweeps(stream) || outcome !== 'ok') return nothing;
  const fault = await listingFault(client, of);
  if (fault !== undefined) return fault === '' ? nothing : { ...nothing, says: fault };
  return sweepAway(client, of);
}

const placeOf = ({
  row,
}: SweepOf): { readonly pages: number; readonly lastEvent: number; readonly lastPage: number } => ({
  pages: row.page_no,
  lastEvent: Number(row.last_event),
  lastPage: Number(row.last_page),
});

async function replaceAll(client: PoolClient, of: SweepOf): Promise<Swept> {
  const { stream, run, row } = of;
  const lost = await lostShadow(client, of);
  if (lost !== undefined) return { ...nothing, refused: true, says: describeRefusal(lost) };
  // A record in quarantine is not gone.
  const removes = row.quarantined === '0';
  const stop = removes ? await stopped(client, of, await goneOfReplace(client, of)) : undefined;
  return stop ?? swap(client, { stream, run, removes, ...placeOf(of) });
}

/** A newer run has dropped what this one had gathered while it waited; undefined: it is there, or never waited. */
async function lostShadow(client: PoolClient, { stream, run }: SweepOf): Promise<Approval | undefined> {
  const { rows } = await client.query<{ there: boolean }>('select to_regclass($1) is not null as there', [
    shadowOf(stream, run),
  ]);
  if (rows[0]?.there === true) return undefined;
  const asked = await approvalOfRun(client, { ...run, kind: 'sweep' });
  return asked && { ...asked, state: asked.state === 'rejected' ? 'rejected' : 'outdated' };
}

async function sweepAway(client: PoolClient, of: SweepOf): Promise<Swept> {
  const { stream, run, row } = of;
  const { range_from: from, range_to: to } = row;
  const gone = await findMissing(client, { stream, run, range: from === null || to === null ? null : { from, to } });
  const examples = async (): Promise<readonly string[]> => {
    const { rows } = await client.query<{ key: string }>(
      `select key from ${missingOf(run.streamId)} order by event limit ${EXAMPLES}`,
    );
    return rows.map(({ key }) => keyParts(key, stream.keyColumns.length).join(', '));
  };
  const stop = await stopped(client, of, { gone, examples });
  return stop ?? { removed: await sweepMissing(client, { stream, run, ...placeOf(of) }), sweep: 0 };
}

const EXAMPLES = 5;

/** undefined: it may go on. */
async function stopped(
  client: PoolClient,
  { stream, run }: SweepOf,
  wave: Pick<HeldWave, 'gone' | 'examples'>,
): Promise<Swept | undefined> {
  const verdict = await judgeWave(client, { stream, run, kind: 'sweep', ...wave });
  if (verdict.state === 'free') return undefined;
  const { approval } = verdict;
  return verdict.state === 'waiting'
    ? { ...nothing, held: approval }
    : { ...nothing, refused: true, says: describeRefusal(approval) };
}

/** Without a key all rows are others, and how many fewer there are is all that can be told. */
async function goneOfReplace(
  client: PoolClient,
  { stream, run }: SweepOf,
): Promise<Pick<HeldWave, 'gone' | 'examples'>> {
  const [target, shadow] = [targetOf(stream), shadowOf(stream, run)];
  const keys = stream.keyColumns.map(({ name }) => quoted(name));
  if (keys.length === 0) {
    const { rows } = await client.query<{ gone: string }>(
      `select (select count(*) from ${target}) - (select count(*) from ${shadow}) as gone`,
    );
    return { gone: Number(rows[0]?.gone), examples: () => Promise.resolve([]) };
  }
  const lost = `from ${target} t where not exists (select from ${shadow} n where ${keys.map((key) => `t.${key} = n.${key}`).join(' and ')})`;
  await client.query(`analyze ${shadow}`);
  const { rows } = await client.query<{ gone: string }>(`select count(*) as gone ${lost}`);
  const examples = async (): Promise<readonly string[]> => {
    const found = await client.query<{ key: string }>(
      `select concat_ws(', ', ${keys.map((key) => `t.${key}`).join(', ')}) as key ${lost} order by t._event limit ${EXAMPLES}`,
    );
    return found.rows.map(({ key }) => key);
  };
  return { gone: Number(rows[0]?.gone), examples };
}
