import type { Pool } from 'pg';
import type { PauseScope, PersonPause } from '../core/person-pause.ts';

/** The control table of pauses: who, why, since when. What has ended stays as history. */

interface Row {
  readonly scope: PauseScope;
  readonly target: string;
  readonly reason: string;
  readonly paused_by: string;
  readonly paused_at: Date;
  readonly at_once: boolean;
}

const columns = 'scope, target, reason, paused_by, paused_at, at_once';

const pauseOf = (row: Row): PersonPause => ({
  scope: row.scope,
  target: row.target,
  reason: row.reason,
  by: row.paused_by,
  at: row.paused_at.toISOString(),
  atOnce: row.at_once,
});

/** Those in force, of everybody or of one partner: its own, and those of its runs. */
export async function readPauses(pool: Pool, partner: string | null = null): Promise<readonly PersonPause[]> {
  const { rows } = await pool.query<Row>({
    name: 'read pauses',
    text: `select ${columns} from pauses where ended_at is null and ($1::text is null or partner = $1) order by pause_id`,
    values: [partner],
  });
  return rows.map(pauseOf);
}

export interface OrderPause {
  readonly scope: PauseScope;
  readonly target: string;
  readonly partner: string;
  readonly reason: string;
  readonly by: string;
  readonly atOnce: boolean;
}

/** One that is in force already stays as it is, but for `atOnce`, which is added. */
export async function orderPause(
  pool: Pool,
  order: OrderPause,
): Promise<{ readonly pause: PersonPause; readonly isNew: boolean }> {
  const { scope, target, partner, reason, by, atOnce } = order;
  const { rows } = await pool.query<Row & { is_new: boolean }>(
    `insert into pauses (scope, target, partner, reason, paused_by, at_once) values ($1, $2, $3, $4, $5, $6)
      on conflict (scope, target) where ended_at is null do update set at_once = pauses.at_once or excluded.at_once
      returning ${columns}, (xmax = 0) as is_new`,
    [scope, target, partner, reason, by, atOnce],
  );
  const row = rows[0] as Row & { is_new: boolean };
  return { pause: pauseOf(row), isNew: row.is_new };
}

/** Ends the pauses of some targets. Returns those that were in force. */
export async function endPauses(
  pool: Pool,
  change: {
    readonly targets: readonly { readonly scope: PauseScope; readonly target: string }[];
    readonly by: string;
    readonly reason: string;
  },
): Promise<readonly PersonPause[]> {
  const { rows } = await pool.query<Row>(
    `update pauses set ended_at = now(), ended_by = $3, ended_reason = $4
      where ended_at is null and (scope, target) in (select * from unnest($1::text[], $2::text[]))
      returning ${columns}`,
    [change.targets.map(({ scope }) => scope), change.targets.map(({ target }) => target), change.by, change.reason],
  );
  return rows.map(pauseOf);
}
