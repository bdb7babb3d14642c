import type { Pool } from 'pg';
import type { Severity } from '../../core/alert.ts';
import { checkMatch, type AlertMatch, type Silence } from '../../core/alert-silence.ts';
import { InvalidInput } from '../../core/errors.ts';

interface Row {
  readonly silence_id: number;
  readonly alert_key: string | null;
  readonly rule: string | null;
  readonly severity: Severity | null;
  readonly partner: string | null;
  readonly stream: string | null;
  readonly subject: string | null;
  readonly reason: string;
  readonly by: string;
  readonly since: Date;
  readonly until: Date;
}

const columns = 'silence_id, alert_key, rule, severity, partner, stream, subject, reason, by, since, until';

/** Those that hold now, the last first. */
export async function readSilences(pool: Pool): Promise<readonly Silence[]> {
  const { rows } = await pool.query<Row>(
    `select ${columns} from alert_silences where until > now() and ended_at is null order by silence_id desc`,
  );
  return rows.map(silenceOf);
}

export interface NewSilence {
  readonly match: AlertMatch;
  readonly reason: string;
  /** ISO, in the future. */
  readonly until: string;
  readonly by: string;
}

/** Nobody is told of what fits, until then. Throws InvalidInput where everything would fit, or the time is over. */
export async function silenceAlerts(pool: Pool, { match, reason, until, by }: NewSilence): Promise<Silence> {
  checkMatch(match);
  if (reason.trim() === '')
    throw new InvalidInput('silence: expected a reason, found none: it is shown with the alert');
  if (!(Date.parse(until) > Date.now()))
    throw new InvalidInput(`silence: expected an end in the future, found ${until}`);
  const { key, rule, severity, partner, stream, subject } = match;
  const { rows } = await pool.query<Row>(
    `insert into alert_silences (alert_key, rule, severity, partner, stream, subject, reason, until, by)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning ${columns}`,
    [key ?? null, rule ?? null, severity ?? null, partner ?? null, stream ?? null, subject ?? null, reason, until, by],
  );
  return silenceOf(rows[0] as Row);
}

/** Ends one before its time. Throws InvalidInput where there is none that holds. */
export async function endSilence(
  pool: Pool,
  { id, by }: { readonly id: number; readonly by: string },
): Promise<Silence> {
  const { rows } = await pool.query<Row>(
    `update alert_silences set ended_at = now(), ended_by = $2 where silence_id = $1 and ended_at is null and until > now() returning ${columns}`,
    [id, by],
  );
  const [row] = rows;
  if (row === undefined)
    throw new InvalidInput(`there is no silence ${id} that holds: \`syncline alerts silences\` shows those that do`);
  return silenceOf(row);
}

function silenceOf(row: Row): Silence {
  const match: AlertMatch = {
    ...(row.alert_key === null ? {} : { key: row.alert_key }),
    ...(row.rule === null ? {} : { rule: row.rule }),
    ...(row.severity === null ? {} : { severity: row.severity }),
    ...(row.partner === null ? {} : { partner: row.partner }),
    ...(row.stream === null ? {} : { stream: row.stream }),
    ...(row.subject === null ? {} : { subject: row.subject }),
  };
  const { silence_id: id, reason, by, since, until } = row;
  return { id, match, reason, by, since: since.toISOString(), until: until.toISOString() };
}
