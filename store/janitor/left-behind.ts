import type { Pool } from 'pg';
import type { LeftFacts } from '../../core/alert-facts.ts';
import { isForPerson, leftoverKinds, type LeftoverKind } from '../../core/leftover.ts';

/** An older report says nothing of today. */
const REPORT_DAYS = 35;
const MOST = 1000;

/** What waits for a person by the last report, the longest first. */
export async function leftForPeople(pool: Pool): Promise<readonly LeftFacts[]> {
  const { rows } = await pool.query<{ kind: LeftoverKind; place: string; first_at: Date }>(
    `select f.kind, f.place, f.first_at from janitor_findings f
      where f.report_id = (select report_id from janitor_reports where at > now() - $2 * interval '1 day' and ended_at is not null order by report_id desc limit 1)
        and f.kind = any ($1) and f.count > f.removed
      order by f.first_at, f.kind, f.place limit $3`,
    [leftoverKinds.filter(isForPerson), REPORT_DAYS, MOST],
  );
  return rows.map(({ first_at: firstAt, ...row }) => ({ ...row, firstAt: firstAt.toISOString() }));
}

export interface LeftByKind {
  /** Epoch ms of the last report that came to its end; null: there is none. */
  readonly reportAtMs: number | null;
  /** Of every kind: how much of it was there, and was not removed. */
  readonly kinds: ReadonlyMap<LeftoverKind, number>;
}

export async function leftByKind(pool: Pool): Promise<LeftByKind> {
  const { rows } = await pool.query<{ at: Date; kind: LeftoverKind | null; count: string }>(
    `select r.at, f.kind, coalesce(sum(f.count - f.removed), 0) as count
      from (select report_id, at from janitor_reports where ended_at is not null order by report_id desc limit 1) r left join janitor_findings f using (report_id)
      group by 1, 2`,
  );
  const counts = new Map(rows.map(({ kind, count }) => [kind, Number(count)]));
  return {
    reportAtMs: rows[0]?.at.getTime() ?? null,
    kinds: new Map(leftoverKinds.map((kind) => [kind, counts.get(kind) ?? 0])),
  };
}
