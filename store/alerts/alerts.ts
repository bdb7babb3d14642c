import type { ClientBase, Pool } from 'pg';
import type { AlertRow, Finding, Settled, Severity, Silenced, StandingAlert } from '../../core/alert.ts';
import { silenceOn } from '../../core/alert-silence.ts';
import { transaction } from '../session/transaction.ts';
import { readSilences } from './silences.ts';

interface Row {
  readonly alert_id: string;
  readonly key: string;
  readonly rule: string;
  readonly severity: Severity;
  readonly partner: string | null;
  readonly stream: string | null;
  readonly subject: string | null;
  readonly since: Date;
  readonly opened_at: Date;
  readonly last_seen_at: Date;
  readonly resolved_at: Date | null;
  readonly summary: string;
  readonly meaning: string;
  readonly what_to_do: string;
  readonly runbook: string;
}

const columns =
  'alert_id, key, rule, severity, partner, stream, subject, since, opened_at, last_seen_at, resolved_at, summary, meaning, what_to_do, runbook';

export interface AlertsAsked {
  /** true: only those that are not over; false: only those that are; absent: both. */
  readonly open?: boolean | undefined;
  readonly partner?: string | undefined;
  readonly limit?: number | undefined;
}

/** Open ones first, pages before tickets, the newest first. */
export async function listAlerts(pool: Pool, asked: AlertsAsked = {}): Promise<readonly AlertRow[]> {
  const { open, partner, limit = 500 } = asked;
  const conditions = ['opened_at is not null'];
  const values: unknown[] = [limit];
  if (open !== undefined) conditions.push(open ? 'resolved_at is null' : 'resolved_at is not null');
  if (partner !== undefined) conditions.push(`partner = $${values.push(partner)}`);
  const { rows } = await pool.query<Row>(
    `select ${columns} from alerts where ${conditions.join(' and ')}
      order by resolved_at is not null, severity <> 'page', opened_at desc, alert_id desc limit $1`,
    values,
  );
  return withSilences(pool, rows);
}

/** Some by their numbers, whether or not they are over. */
export async function readAlerts(pool: Pool, ids: readonly number[]): Promise<readonly AlertRow[]> {
  const { rows } = await pool.query<Row>(
    `select ${columns} from alerts where alert_id = any ($1) and opened_at is not null order by opened_at, alert_id`,
    [ids],
  );
  return withSilences(pool, rows);
}

/** Those that somebody may have to be told of: open ones, and those that ended and that a channel only knows to be open. */
export async function alertsToTell(pool: Pool): Promise<readonly AlertRow[]> {
  const { rows } = await pool.query<Row>(
    `select ${columns} from alerts a where opened_at is not null and (resolved_at is null or (resolved_at > now() - interval '7 days'
      and exists (select from alert_notices n where n.alert_id = a.alert_id and n.told = 'open'))) order by opened_at, alert_id`,
  );
  return withSilences(pool, rows);
}

const pick = ({ id, by, reason, until }: Silenced): Silenced => ({ id, by, reason, until });

async function withSilences(pool: Pool, rows: readonly Row[]): Promise<readonly AlertRow[]> {
  const silences = rows.length === 0 ? [] : await readSilences(pool);
  return rows.map((row) => {
    const { severity, rule, partner, stream, subject } = row;
    const silence =
      row.resolved_at === null ? silenceOn(silences, { severity, rule, partner, stream, subject }) : undefined;
    return {
      id: Number(row.alert_id),
      rule,
      severity,
      partner,
      stream,
      subject,
      since: row.since.toISOString(),
      openedAt: row.opened_at.toISOString(),
      lastSeenAt: row.last_seen_at.toISOString(),
      resolvedAt: row.resolved_at?.toISOString() ?? null,
      silenced: silence === undefined ? null : pick(silence),
      summary: row.summary,
      meaning: row.meaning,
      whatToDo: row.what_to_do,
      runbook: row.runbook,
    };
  });
}

/** Where the numbers of looks are counted, beside what was seen. */
const LOOKS = 'looks';

/** Begins a look. Returns its number: of two, the later one sees more. */
export async function beginLook(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ look: string }>(
    `insert into alert_observations as o (name, seen, at) values ($1, '{"begun": 1, "settled": 0}', now())
      on conflict (name) do update set seen = o.seen || jsonb_build_object('begun', (o.seen ->> 'begun')::bigint + 1), at = now()
      returning seen ->> 'begun' as look`,
    [LOOKS],
  );
  return Number(rows[0]?.look);
}

export interface LookedAt {
  /** Of `beginLook`. */
  readonly look: number;
  /** The time of the look. */
  readonly nowMs: number;
  readonly decide: (standing: readonly StandingAlert[]) => Settled;
}

/** A process that is stopped in the middle of it would keep all others from looking. */
const BOUNDS = [`set local idle_in_transaction_session_timeout = '10s'`];

/**
 * Writes what a look has changed. Two looks at once come one after the other. undefined: a later one was quicker, so nothing is changed. What a process has seen
 * before it was frozen is over, or known, by now.
 */
export async function settleAlerts(pool: Pool, { look, nowMs, decide }: LookedAt): Promise<Settled | undefined> {
  const settled = async (client: ClientBase): Promise<Settled | undefined> => {
    await client.query('lock table alerts in share row exclusive mode');
    const { rowCount } = await client.query(
      `update alert_observations set seen = seen || jsonb_build_object('settled', $2::bigint) where name = $1 and (seen ->> 'settled')::bigint < $2`,
      [LOOKS, look],
    );
    if (rowCount === 0) return undefined;
    const changes = decide(await standing(client));
    const now = new Date(nowMs);
    await insert(client, changes.add, now);
    await update(client, changes.keep, now);
    await client.query('update alerts set resolved_at = $2 where alert_id = any ($1)', [changes.resolve, now]);
    await client.query('delete from alerts where alert_id = any ($1)', [changes.drop]);
    return changes;
  };
  return transaction(pool, settled, BOUNDS);
}

async function standing(client: ClientBase): Promise<readonly StandingAlert[]> {
  const { rows } = await client.query<{
    alert_id: string;
    key: string;
    rule: string;
    partner: string | null;
    first_seen_at: Date;
    opened_at: Date | null;
    last_seen_at: Date;
  }>(
    'select alert_id, key, rule, partner, first_seen_at, opened_at, last_seen_at from alerts where resolved_at is null',
  );
  return rows.map((row) => ({
    id: Number(row.alert_id),
    key: row.key,
    rule: row.rule,
    partner: row.partner,
    firstSeenMs: row.first_seen_at.getTime(),
    openedMs: row.opened_at?.getTime() ?? null,
    lastSeenMs: row.last_seen_at.getTime(),
  }));
}

async function insert(client: ClientBase, add: Settled['add'], now: Date): Promise<void> {
  if (add.length === 0) return;
  await client.query(
    `insert into alerts (key, rule, severity, partner, stream, subject, since, first_seen_at, opened_at, last_seen_at, summary, meaning, what_to_do, runbook)
      select a.key, a.rule, a.severity, a.partner, a.stream, a.subject, a.since, $2, case when a.opens then $2::timestamptz end, $2, a.summary, a.meaning, a."whatToDo", a.runbook
      from jsonb_to_recordset($1) as a (key text, rule text, severity text, partner text, stream text, subject text, since timestamptz, opens boolean,
        summary text, meaning text, "whatToDo" text, runbook text)`,
    [JSON.stringify(add.map(({ key, finding, opens }) => ({ key, opens, ...writable(finding) }))), now],
  );
}

/** Its words may have changed, and its severity, if somebody has changed it. */
async function update(client: ClientBase, keep: Settled['keep'], now: Date): Promise<void> {
  if (keep.length === 0) return;
  await client.query(
    `update alerts set last_seen_at = $2, opened_at = case when a.opens then $2 else opened_at end, severity = a.severity,
        summary = a.summary, meaning = a.meaning, what_to_do = a."whatToDo", runbook = a.runbook
      from jsonb_to_recordset($1) as a (id bigint, opens boolean, severity text, summary text, meaning text, "whatToDo" text, runbook text)
      where alert_id = a.id`,
    [JSON.stringify(keep.map(({ id, finding, opens }) => ({ id, opens, ...writable(finding) }))), now],
  );
}

/** PostgreSQL's text has no NUL, and half of a surrogate pair is no JSON for it. */
const writable = (finding: Finding): Finding => ({
  ...finding,
  subject: finding.subject === null ? null : clean(finding.subject),
  summary: clean(finding.summary),
});
const clean = (text: string): string => Buffer.from(text.replaceAll('\0', '')).toString();

const KEPT = { resolved: '400 days', deliveries: '7 days' } as const;

/** Removes what is long over. */
export async function sweepAlerts(pool: Pool): Promise<void> {
  await pool.query(`delete from alerts where resolved_at < now() - interval '${KEPT.resolved}'`);
  await pool.query(
    `delete from alert_deliveries where state <> 'pending' and ended_at < now() - interval '${KEPT.deliveries}'`,
  );
}
