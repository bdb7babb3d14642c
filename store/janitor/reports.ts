import type { ClientBase, Pool } from 'pg';
import { InvalidInput } from '../../core/errors.ts';
import { leftoverKinds, type JanitorMode, type Leftover, type LeftoverKind } from '../../core/leftover.ts';
import { transaction } from '../session/transaction.ts';

export interface NewReport {
  /** Of who looks: repeated with the same one, it is the same report. */
  readonly run: string;
  readonly by: string;
  readonly mode: JanitorMode;
  readonly found: readonly Leftover[];
  readonly troubles: readonly string[];
}

/**
 * Notes what was found. What an attempt before noted is replaced, but for what it removed. A report that has ended stays as it is: whoever comes then was frozen, and
 * has seen what is removed by now. Returns the number of the report.
 */
export async function noteReport(pool: Pool, { run, by, mode, found, troubles }: NewReport): Promise<number> {
  return transaction(pool, async (client) => {
    const { rows } = await client.query<{ report: number; ended: boolean }>(
      `insert into janitor_reports as r (run, by, mode, troubles) values ($1, $2, $3, $4)
        on conflict (run) do update set troubles = case when r.ended_at is null then excluded.troubles else r.troubles end
        returning report_id as report, ended_at is not null as ended`,
      [run, by, mode, troubles],
    );
    const { report, ended } = rows[0] as (typeof rows)[0];
    if (ended) return report;
    await client.query('delete from janitor_findings where report_id = $1 and removed = 0', [report]);
    await client.query(
      `insert into janitor_findings as f (report_id, kind, place, count, since, first_at)
        select $1, n.kind, n.place, n.count, n.since, coalesce(b.first_at, r.at)
          from unnest($2::text[], $3::text[], $4::bigint[], $5::timestamptz[]) n (kind, place, count, since)
            join janitor_reports r on r.report_id = $1
            left join janitor_findings b on b.report_id = (select max(report_id) from janitor_reports where report_id < $1)
              and b.kind = n.kind and b.place = n.place collate "C" and b.count > b.removed
        on conflict (report_id, kind, place) do update set count = excluded.count + f.removed, since = excluded.since`,
      [
        report,
        found.map(({ kind }) => kind),
        found.map(({ place }) => place),
        found.map(({ count }) => count),
        found.map(({ since }) => since),
      ],
    );
    return report;
  });
}

/** Reports are kept for a little more than a year; the last one stays. */
const KEPT_DAYS = 400;

/** The report has come to its end; forgets old ones. */
export async function endReport(pool: Pool, report: number, troubles: readonly string[] = []): Promise<void> {
  await pool.query(
    `update janitor_reports set ended_at = coalesce(ended_at, clock_timestamp()),
        troubles = troubles || array(select t from unnest($2::text[]) t where t <> all (troubles)) where report_id = $1`,
    [report, troubles],
  );
  await pool.query(`delete from janitor_reports where at < now() - $2 * interval '1 day' and report_id < $1`, [
    report,
    KEPT_DAYS,
  ]);
}

export interface JanitorReport {
  readonly report: number;
  readonly by: string;
  readonly mode: JanitorMode;
  /** ISO. */
  readonly at: string;
  /** ISO; null: it did not come to its end, or is not there yet. */
  readonly endedAt: string | null;
  /** What could not be looked at or removed, in words. */
  readonly troubles: readonly string[];
  readonly findings: readonly JanitorFinding[];
}

export interface JanitorFinding extends Leftover {
  /** ISO: when a report named it first, and all after it did. */
  readonly firstAt: string;
  readonly removed: number;
}

interface ReportRow {
  readonly report: number;
  readonly by: string;
  readonly mode: JanitorMode;
  readonly at: Date;
  readonly ended_at: Date | null;
  readonly troubles: readonly string[];
}

interface FindingRow {
  readonly report_id: number;
  readonly kind: LeftoverKind;
  readonly place: string;
  readonly count: string;
  readonly since: Date | null;
  readonly first_at: Date;
  readonly removed: string;
}

/** The newest first. */
export async function listReports(
  client: ClientBase | Pool,
  { report, limit = 20 }: { readonly report?: number | undefined; readonly limit?: number } = {},
): Promise<readonly JanitorReport[]> {
  const { rows } = await client.query<ReportRow>(
    `select report_id as report, by, mode, at, ended_at, troubles from janitor_reports
      where $1::integer is null or report_id = $1 order by report_id desc limit $2`,
    [report ?? null, limit],
  );
  const { rows: found } = await client.query<FindingRow>(
    `select report_id, kind, place, count, since, first_at, removed from janitor_findings
      where report_id = any ($1) order by since nulls last, place`,
    [rows.map((row) => row.report)],
  );
  const byReport = new Map<number, JanitorFinding[]>(rows.map((row) => [row.report, []]));
  // In the order of the kinds; one of a newer version is not known here.
  for (const kind of leftoverKinds)
    for (const row of found.filter((one) => one.kind === kind)) byReport.get(row.report_id)?.push(findingOf(row));
  return rows.map(({ ended_at: endedAt, at, ...row }) => ({
    ...row,
    at: at.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
    findings: byReport.get(row.report) ?? [],
  }));
}

const findingOf = ({ kind, place, count, since, first_at: firstAt, removed }: FindingRow): JanitorFinding => ({
  kind,
  place,
  count: Number(count),
  since: since?.toISOString() ?? null,
  firstAt: firstAt.toISOString(),
  removed: Number(removed),
});

/** The last one where no number is given. Throws InvalidInput where there is none. */
export async function readReport(client: ClientBase | Pool, report?: number): Promise<JanitorReport> {
  const [found] = await listReports(client, { report, limit: 1 });
  if (found === undefined)
    throw new InvalidInput(
      report === undefined
        ? 'the janitor has made no report yet: `syncline janitor` makes one'
        : `there is no report ${report}: \`syncline janitor list\` shows those there are`,
    );
  return found;
}
