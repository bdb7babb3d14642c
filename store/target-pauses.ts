import type { Pool } from 'pg';

/** A pause of a target that a person ordered: nothing is loaded into it until a person ends that. */
export interface TargetPause {
  readonly target: string;
  readonly reason: string;
  readonly by: string;
  /** ISO. */
  readonly since: string;
}

interface Row {
  readonly target: string;
  readonly reason: string;
  readonly by: string;
  readonly since: Date;
}

const columns = 'target, reason, by, since';

const pauseOf = (row: Row): TargetPause => ({ ...row, since: row.since.toISOString() });

/** undefined: it is not paused. */
export async function targetPause(pool: Pool, target: string): Promise<TargetPause | undefined> {
  const { rows } = await pool.query<Row>(`select ${columns} from target_pauses where target = $1`, [target]);
  return rows.map(pauseOf)[0];
}

export async function listTargetPauses(pool: Pool): Promise<readonly TargetPause[]> {
  const { rows } = await pool.query<Row>(`select ${columns} from target_pauses order by target`);
  return rows.map(pauseOf);
}

/** One that is in force already stays as it is. */
export async function pauseTarget(
  pool: Pool,
  { target, reason, by }: Pick<TargetPause, 'target' | 'reason' | 'by'>,
): Promise<{ readonly pause: TargetPause; readonly isNew: boolean }> {
  const { rows } = await pool.query<Row & { is_new: boolean }>(
    `insert into target_pauses (target, reason, by) values ($1, $2, $3)
      on conflict (target) do update set reason = target_pauses.reason
      returning ${columns}, (xmax = 0) as is_new`,
    [target, reason, by],
  );
  const { is_new: isNew, ...row } = rows[0] as Row & { is_new: boolean };
  return { pause: pauseOf(row), isNew };
}

/** The pause that it ended; undefined: there was none. */
export async function resumeTarget(pool: Pool, target: string): Promise<TargetPause | undefined> {
  const { rows } = await pool.query<Row>(`delete from target_pauses where target = $1 returning ${columns}`, [target]);
  return rows.map(pauseOf)[0];
}
