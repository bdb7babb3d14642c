import type { ClientBase, Pool } from 'pg';
import { InvalidInput } from '../../core/errors.ts';
import { mismatchBound } from '../../core/mismatch-bound.ts';
import { findingKinds, findingStates } from '../../core/reconcile.ts';
import type {
  FindingCount,
  FindingKind,
  FindingState,
  ReconcileLevel,
  ReconcileVerdict,
} from '../../core/reconcile.ts';

/** A reconciliation as people and scripts see it. Times are ISO. */
export interface Reconciliation {
  readonly id: string;
  readonly partner: string;
  readonly stream: string;
  readonly level: ReconcileLevel;
  readonly from: string | null;
  readonly to: string | null;
  readonly sample: number | null;
  /** Of a sample: how many records were compared, and at most which share of all of them differs, in 95 of 100 samples. */
  readonly bound: { readonly asked: number; readonly wrong: number; readonly share: number } | null;
  readonly state: 'running' | 'done' | 'failed';
  readonly verdict: ReconcileVerdict | null;
  readonly reason: string | null;
  /** Keys that were compared. */
  readonly seen: number | null;
  /** Records that do not fit the schema, and were not compared. */
  readonly unfit: number | null;
  /** Records that differ, and are newer than what was synced. */
  readonly inFlight: number | null;
  readonly partnerTotal: number | null;
  readonly storeTotal: number | null;
  readonly syncedBy: string | null;
  readonly requests: number;
  readonly deferredUntil: string | null;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  /** How many findings of each kind are in each state; those without any are left out. */
  readonly findings: readonly FindingCount[];
  /** Since when only their counts are known; null: they are still there. */
  readonly findingsRemovedAt: string | null;
}

/** Of the findings of the reconciliation `c`. */
export const COUNTS = `select coalesce(jsonb_agg(f), '[]') from (select kind, state, count(*)::integer from reconcile_findings f
  where f.reconciliation = c.reconciliation group by kind, state) f`;

const columns = `c.reconciliation as id, s.partner, s.name as stream, c.level, c.range_from as "from", c.range_to as "to", c.sample, c.asked, c.state, c.verdict,
  c.reason, c.seen::integer, c.unfit::integer, c.in_flight::integer as "inFlight", c.partner_total::integer as "partnerTotal",
  c.store_total::integer as "storeTotal", c.synced_by as "syncedBy", c.started_at as "startedAt", c.finished_at as "finishedAt",
  (select coalesce(sum(requests), 0)::integer from reconcile_listings l where l.reconciliation = c.reconciliation) as requests,
  (select max(deferred_until) from reconcile_listings l where l.reconciliation = c.reconciliation and l.state = 'running') as "deferredUntil",
  c.findings_removed_at as "findingsRemovedAt",
  coalesce(c.findings_were, (${COUNTS})) as findings`;

export async function readReconciliation(client: Pool | ClientBase, id: string): Promise<Reconciliation> {
  const found = await findReconciliation(client, id);
  if (found === undefined)
    throw new InvalidInput(`there is no reconciliation ${JSON.stringify(id)}: \`syncline reconcile list\` shows them`);
  return found;
}

export async function findReconciliation(client: Pool | ClientBase, id: string): Promise<Reconciliation | undefined> {
  const { rows } = await client.query(
    `select ${columns} from reconciliations c join streams s using (stream_id) where c.reconciliation = $1`,
    [id],
  );
  return rows[0] === undefined ? undefined : shown(rows[0]);
}

export async function listReconciliations(
  pool: Pool,
  {
    partner,
    stream,
    limit,
    offset = 0,
  }: {
    readonly partner?: string | undefined;
    readonly stream?: string | undefined;
    readonly limit: number;
    readonly offset?: number;
  },
): Promise<readonly Reconciliation[]> {
  const { rows } = await pool.query(
    `select ${columns} from reconciliations c join streams s using (stream_id) where ($1::text is null or s.partner = $1) and ($3::text is null or s.name = $3)
      order by c.started_at desc, c.reconciliation limit $2 offset $4`,
    [partner ?? null, limit, stream ?? null, offset],
  );
  return rows.map(shown);
}

type Row = Omit<
  Reconciliation,
  'bound' | 'from' | 'to' | 'startedAt' | 'finishedAt' | 'deferredUntil' | 'findingsRemovedAt'
> &
  Readonly<Record<'from' | 'to' | 'finishedAt' | 'deferredUntil' | 'findingsRemovedAt', Date | null>> & {
    readonly startedAt: Date;
    readonly asked: number | null;
  };

function shown(row: Row): Reconciliation {
  const { from, to, startedAt, finishedAt, deferredUntil, findingsRemovedAt, findings, asked, ...rest } = row;
  const wrong = findings.reduce(
    (sum, { state, count }) => sum + (state === 'open' || state === 'unproven' ? count : 0),
    0,
  );
  return {
    ...rest,
    bound: row.state !== 'done' || asked === null ? null : { asked, wrong, share: mismatchBound(wrong, asked) },
    from: at(from),
    to: at(to),
    startedAt: startedAt.toISOString(),
    finishedAt: at(finishedAt),
    // One that has ended waits for nothing, whatever its listing was told.
    deferredUntil: row.state === 'running' ? at(deferredUntil) : null,
    findingsRemovedAt: at(findingsRemovedAt),
    findings: findings.toSorted((a, b) => placeOf(a) - placeOf(b)),
  };
}

const at = (time: Date | null): string | null => time?.toISOString() ?? null;

const placeOf = ({ kind, state }: FindingCount): number =>
  findingStates.indexOf(state) * findingKinds.length + findingKinds.indexOf(kind);

/** One key of which the two say different things. */
export interface Finding {
  readonly key: string;
  readonly kind: FindingKind;
  readonly state: FindingState;
  readonly why: string | null;
  readonly theirVersion: string | null;
  readonly theirHash: string | null;
  readonly ourVersion: string | null;
  readonly ourHash: string | null;
  /** Number of the event that the store goes by; null: it knows nothing of the key. */
  readonly event: number | null;
  /** The store says that the record is gone. */
  readonly gone: boolean;
  /** Page of the listing that shows it, and the id of its request where the partner gives one. */
  readonly page: number | null;
  readonly requestId: string | null;
}

export async function readFindings(
  client: Pool | ClientBase,
  {
    id,
    states,
    kind,
    limit,
    offset = 0,
  }: {
    readonly id: string;
    readonly states?: readonly FindingState[];
    readonly kind?: FindingKind | undefined;
    readonly limit: number;
    readonly offset?: number;
  },
): Promise<readonly Finding[]> {
  const [only] = states ?? [];
  // Of one kind in one state the index has the order; of several they are sorted.
  const inOrder = kind !== undefined && states?.length === 1;
  const { rows } = await client.query<Finding>(
    `select key, kind, state, why, their_version as "theirVersion", replace(their_hash::text, '-', '') as "theirHash",
        our_version as "ourVersion", replace(our_hash::text, '-', '') as "ourHash", event::float8 as event, gone, page, request_id as "requestId"
      from reconcile_findings where reconciliation = $1 and ${inOrder ? 'state = $2' : '($2::text[] is null or state = any ($2))'} and ($3::text is null or kind = $3)
      order by ${inOrder ? 'key' : 'array_position($6::text[], state), array_position($7::text[], kind), key'} limit $4 offset $5`,
    [
      id,
      inOrder ? only : (states ?? null),
      kind ?? null,
      limit,
      offset,
      ...(inOrder ? [] : [findingStates, findingKinds]),
    ],
  );
  return rows;
}
