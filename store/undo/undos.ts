import type { ClientBase, Pool } from 'pg';
import type { Validators } from '../../core/staged.ts';

/** What an undo did, in numbers. */
export interface UndoEffects {
  /** Events of the run that count no more, or again. */
  readonly events: number;
  /** Keys whose rows were decided anew. */
  readonly keys: number;
  /** Events of other runs that mean something else since. */
  readonly decided: number;
  /** Records that wait again, since what they need is gone. */
  readonly waiting: number;
  /** Entries of the quarantine that only this run has seen. */
  readonly quarantined: number;
  /** Events among those of the keys that fit the definition no longer: they are in quarantine. */
  readonly unfit: number;
  /** Records that later runs found unchanged: of those that equal what the run brought, the log has nothing. */
  readonly unchanged: number;
}

/** What a stream's next run goes on from. */
export interface Reading {
  readonly watermark: string | null;
  readonly keptCursor: string | null;
  readonly validators: Validators | null;
}

export interface Undo {
  readonly undo: number;
  readonly partner: string;
  readonly stream: string;
  /** The stream's run: `sync/acme/payments/2026-11-24`. */
  readonly syncId: string;
  readonly runId: string | null;
  readonly by: string;
  readonly reason: string;
  /** ISO. */
  readonly at: string;
  readonly effects: UndoEffects;
  /** Targets whose tables have not been made anew since. */
  readonly pending: readonly string[];
  readonly back: { readonly by: string; readonly reason: string; readonly at: string } | null;
}

export interface NewUndo {
  readonly streamId: number;
  readonly runNo: number;
  readonly by: string;
  readonly reason: string;
  readonly lastRun: number;
  readonly reading: Reading;
}

/** Call it under the stream's lock. Returns its number. */
export async function noteUndo(client: ClientBase, undo: NewUndo): Promise<number> {
  const { streamId, runNo, by, reason, lastRun, reading } = undo;
  const { rows } = await client.query<{ undo_id: number }>(
    `insert into undos (stream_id, run_no, by, reason, last_run, reading) values ($1, $2, $3, $4, $5, $6) returning undo_id`,
    [streamId, runNo, by, reason, lastRun, JSON.stringify(reading)],
  );
  return rows[0]?.undo_id as number;
}

export async function noteEffects(
  client: ClientBase,
  { undo, effects, pending }: Pick<Undo, 'undo' | 'effects' | 'pending'>,
): Promise<void> {
  await client.query('update undos set effects = $2, pending = $3 where undo_id = $1', [
    undo,
    JSON.stringify(effects),
    pending,
  ]);
}

export async function noteBack(
  client: ClientBase,
  {
    undo,
    by,
    reason,
    unread,
  }: {
    readonly undo: number;
    readonly by: string;
    readonly reason: string;
    /** The next run has to read again. */
    readonly unread: boolean;
  },
): Promise<void> {
  await client.query(
    `update undos u set back_by = $2, back_reason = $3, back_at = clock_timestamp(),
        back_last_run = case when $4 then (select s.last_run from streams s where s.stream_id = u.stream_id) end
      where undo_id = $1 and back_at is null`,
    [undo, by, reason, unread],
  );
}

export async function noteTargetDone(pool: Pool, { undo, target }: { undo: number; target: string }): Promise<void> {
  await pool.query('update undos set pending = array_remove(pending, $2) where undo_id = $1', [undo, target]);
}

interface Row {
  readonly undo_id: number;
  readonly partner: string;
  readonly stream: string;
  readonly sync_id: string;
  readonly run_id: string | null;
  readonly by: string;
  readonly reason: string;
  readonly at: Date;
  readonly effects: UndoEffects;
  readonly pending: readonly string[];
  readonly back_by: string | null;
  readonly back_reason: string | null;
  readonly back_at: Date | null;
}

/** The newest first. `partner` left out: of all. */
export async function readUndos(pool: Pool, { partner }: { readonly partner?: string } = {}): Promise<readonly Undo[]> {
  const { rows } = await pool.query<Row>(
    `select u.undo_id, s.partner, s.name as stream, r.sync_id, r.run_id, u.by, u.reason, u.at, u.effects, u.pending, u.back_by, u.back_reason,
        u.back_at
      from undos u join streams s using (stream_id) join stream_runs r using (stream_id, run_no)
      where $1::text is null or s.partner = $1 order by u.undo_id desc`,
    [partner ?? null],
  );
  return rows.map((row) => ({
    undo: row.undo_id,
    partner: row.partner,
    stream: row.stream,
    syncId: row.sync_id,
    runId: row.run_id,
    by: row.by,
    reason: row.reason,
    at: row.at.toISOString(),
    effects: row.effects,
    pending: row.pending,
    back:
      row.back_at === null
        ? null
        : { by: row.back_by as string, reason: row.back_reason as string, at: row.back_at.toISOString() },
  }));
}

/**
 * In SQL, for an undo `u`: no run has read again since what the undone one had read, or, where it was taken back, what others had found unchanged
 * meanwhile.
 */
export const isUnread = `(u.back_at is null or u.back_last_run is not null) and not exists (select from stream_runs a
    where a.stream_id = u.stream_id and a.run_no > coalesce(u.back_last_run, u.last_run) and a.outcome in ('ok', 'partial')
      and a.kind in ('nightly', 'manual') and position('..' in a.window_label) < 2)`;

/** In SQL, for a run `r`: it began before an undo that is in force, or that was taken back with something to read again: what it read may rest on it. */
export const beganBeforeUndo = `exists (select from undos u where u.stream_id = r.stream_id
    and coalesce(u.back_last_run, case when u.back_at is null then u.last_run end) >= r.run_no)`;
