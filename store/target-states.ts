import type { Pool } from 'pg';
import type { UnfitEvent, UnfitEvents } from '../core/unfit-events.ts';

export { listTargetPauses, pauseTarget, resumeTarget, targetPause, type TargetPause } from './target-pauses.ts';

/** A table of a stream in a target that loads write to. */
export interface TargetPlace {
  readonly target: string;
  readonly partner: string;
  /** `payments`, or `payments.history` (`core/table-name.ts`). */
  readonly stream: string;
}

/** What was last told of a stream's table in a target; the cursor that counts is in the target itself. */
export interface TargetState extends TargetPlace {
  /** The last event applied. */
  readonly cursor: number;
  /** ISO; null: it was caught up. */
  readonly behindSince: string | null;
  readonly appliedAt: string | null;
  /** Written by all loads together. */
  readonly rows: number;
  /** Why the last load failed; null once one succeeds. */
  readonly error: string | null;
  readonly errorAt: string | null;
  /** Somebody had changed or dropped the table, as a load found; null: never. */
  readonly changed: {
    readonly how: string;
    readonly at: string;
    /** Since when one made anew is in its place; null: it is being made. */
    readonly anewAt: string | null;
  } | null;
  /** Events that the table lacks, since they fit the definition no longer, and some of them; null: none. */
  readonly leftOut: { readonly events: number; readonly first: readonly UnfitEvent[] } | null;
}

/** A state beside the log as it is now. */
export interface TargetLag extends TargetState {
  /** The last event that takes effect: of a `replace`, the end of its last complete listing. What comes after it changes no table yet. */
  readonly lastEvent: number;
  /** Events up to there that are not applied. `behindSince` is null where there are none. */
  readonly behind: number;
}

interface Row {
  readonly target: string;
  readonly partner: string;
  readonly stream: string;
  readonly cursor: string;
  readonly behind_since: Date | null;
  readonly applied_at: Date | null;
  readonly rows: string;
  readonly error: string | null;
  readonly error_at: Date | null;
  readonly unfit: UnfitEvents | null;
  readonly changed_how: string | null;
  readonly changed_at: Date | null;
  readonly anew_at: Date | null;
}

const columns =
  'target, partner, stream, cursor, behind_since, applied_at, rows, error, error_at, unfit -> table_id as unfit, changed_how, changed_at, anew_at';

const stateOf = (row: Row): TargetState => ({
  target: row.target,
  partner: row.partner,
  stream: row.stream,
  cursor: Number(row.cursor),
  behindSince: row.behind_since?.toISOString() ?? null,
  appliedAt: row.applied_at?.toISOString() ?? null,
  rows: Number(row.rows),
  error: row.error,
  errorAt: row.error_at?.toISOString() ?? null,
  changed:
    row.changed_how === null || row.changed_at === null
      ? null
      : { how: row.changed_how, at: row.changed_at.toISOString(), anewAt: row.anew_at?.toISOString() ?? null },
  leftOut: row.unfit === null ? null : { events: row.unfit.count, first: row.unfit.first },
});

/** undefined: nothing was ever told of it. */
export async function readTargetState(pool: Pool, place: TargetPlace): Promise<TargetState | undefined> {
  const { rows } = await pool.query<Row>(
    `select ${columns} from target_states where (target, partner, stream) = ($1, $2, $3)`,
    [place.target, place.partner, place.stream],
  );
  return rows.map(stateOf)[0];
}

/** Tables that something was told of in a target. */
export async function tablesToldOf(pool: Pool, target: string): Promise<readonly TargetPlace[]> {
  const { rows } = await pool.query<TargetPlace>(
    'select target, partner, stream from target_states where target = $1 order by partner, stream',
    [target],
  );
  return rows;
}

/** Targets that something was told of, whether or not the definition still names them. */
export async function targetsToldOf(
  pool: Pool,
  { partner, stream }: Omit<TargetPlace, 'target'>,
): Promise<readonly string[]> {
  const { rows } = await pool.query<{ target: string }>(
    'select target from target_states where partner = $1 and stream = $2 order by target',
    [partner, stream],
  );
  return rows.map(({ target }) => target);
}

export interface Applied extends TargetPlace {
  /** Id of the live table. */
  readonly table: string;
  /** Where the target's table stands now: also an earlier event, where somebody dropped the table. */
  readonly cursor: number;
  /** Written by this load. */
  readonly rows: number;
  /** ISO; null: it is caught up. */
  readonly behindSince: string | null;
}

/** A load came through. */
export async function noteApplied(pool: Pool, applied: Applied): Promise<void> {
  const { target, partner, stream, table, cursor, rows, behindSince } = applied;
  await pool.query(
    `insert into target_states as t (target, partner, stream, cursor, rows, behind_since, table_id, applied_at)
        values ($1, $2, $3, $4, $5, $6, $7, now())
      on conflict (target, partner, stream) do update set cursor = excluded.cursor, rows = t.rows + excluded.rows,
        behind_since = excluded.behind_since, table_id = excluded.table_id, applied_at = excluded.applied_at, error = null, error_at = null,
        anew_at = case when t.changed_table <> excluded.table_id then coalesce(t.anew_at, excluded.applied_at) else t.anew_at end`,
    [target, partner, stream, cursor, rows, behindSince, table],
  );
}

const MOST_CHARS = 2000;

/** A load failed; `error` holds no secret and no record. */
export async function noteTroubled(pool: Pool, troubled: TargetPlace & { readonly error: string }): Promise<void> {
  const { target, partner, stream, error } = troubled;
  await pool.query(
    `insert into target_states as t (target, partner, stream, behind_since, error, error_at)
        values ($1, $2, $3, now(), $4, now())
      on conflict (target, partner, stream) do update set behind_since = coalesce(t.behind_since, excluded.behind_since),
        error = excluded.error, error_at = excluded.error_at`,
    [target, partner, stream, error.slice(0, MOST_CHARS)],
  );
}

interface RowOfStream extends Row {
  readonly stream_id: number | null;
  readonly last_event: string;
  readonly listed: boolean;
}

const fields = ['target', 'partner', 'stream'] as const;

/** Those that something was told of; with `wanted` exactly these, whether or not anything was. */
export async function listTargetStates(
  pool: Pool,
  { wanted }: { readonly wanted?: readonly TargetPlace[] } = {},
): Promise<readonly TargetLag[]> {
  const { rows } = await pool.query<RowOfStream>(
    `with places as (select target, partner, stream from target_states where $1::text[] is null
        union all select * from unnest($1::text[], $2::text[], $3::text[]))
      select target, partner, stream, coalesce(cursor, 0) as cursor, behind_since, applied_at, coalesce(rows, 0) as rows,
        error, error_at, unfit -> table_id as unfit, changed_how, changed_at, anew_at, stream_id, coalesce(case when listed then swept else last_event end, 0) as last_event, listed
      from places left join target_states using (target, partner, stream)
        left join (select partner as of_partner, name, stream_id, last_event, swept, disposition = 'replace' as listed from streams) s
          on of_partner = partner and name = split_part(stream, '.', 1)
      order by target, partner, stream`,
    fields.map((field) => wanted?.map((place) => place[field]) ?? null),
  );
  const lags: TargetLag[] = [];
  // One after the other: few are behind without saying since when.
  for (const row of rows) lags.push(await lagOf(pool, row));
  return lags;
}

async function lagOf(pool: Pool, row: RowOfStream): Promise<TargetLag> {
  const state = stateOf(row);
  const lastEvent = Number(row.last_event);
  const behind = Math.max(0, lastEvent - state.cursor);
  const behindSince = behind === 0 ? null : (state.behindSince ?? (await firstReceived(pool, row, state.cursor)));
  return { ...state, behindSince, lastEvent, behind };
}

/**
 * When the first event came that waits; of a `replace`, when the first listing ended that waits. Its partition is named, or the planner
 * would open those of all streams.
 */
async function firstReceived(
  pool: Pool,
  { stream_id: streamId, listed }: RowOfStream,
  cursor: number,
): Promise<string | null> {
  if (streamId === null) return null;
  // Retention may have removed the one that followed.
  const first = listed
    ? `= (select min(sweep) from stream_runs where stream_id = ${streamId} and sweep > $1)`
    : '> $1::bigint';
  const { rows } = await pool.query<{ received_at: Date }>(
    `select received_at from events_${streamId} where event ${first} order by event limit 1`,
    [cursor],
  );
  return rows[0]?.received_at.toISOString() ?? null;
}
