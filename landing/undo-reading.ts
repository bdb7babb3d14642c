import type { ClientBase } from 'pg';
import type { Validators } from '../core/staged.ts';
import { sortableTime } from '../core/version.ts';
import { parseWindow } from '../core/window.ts';
import type { Reading } from '../store/undo/undos.ts';

export interface ReadRun {
  readonly stream_id: number;
  readonly run_no: number;
  readonly kind: string;
  readonly window_label: string;
  readonly range_from: Date | null;
  readonly range_to: Date | null;
  readonly watermark: string | null;
  readonly kept_cursor: string | null;
  readonly validators: Validators | null;
}

export interface SetBack {
  /** From where the next run reads; null: from the beginning, or as before where the stream has no such time. */
  readonly watermark: string | null;
  /** Records that later runs found unchanged, and so did not log, in what this run had read. */
  readonly unchanged: number;
}

/**
 * Has the next run read again all that this run had read: without it, what the partner said then would be lost, and every later run would be
 * green. What later runs found unchanged since this one had brought it is read again as well. Call it under the stream's lock.
 */
export async function setReadingBack(client: ClientBase, run: ReadRun): Promise<SetBack> {
  const { stream_id: streamId, run_no: runNo, range_from: from, range_to: to } = run;
  const { rows } = await client.query<{ unchanged: string; from: Date | null }>(
    `select coalesce(sum(m.unchanged), 0) as unchanged,
        min(greatest(m.range_from, $3)) filter (where m.unchanged > 0) as from
      from stream_runs m where m.stream_id = $1 and m.run_no > $2 and m.undone_at is null
        and ($3::timestamptz is null or m.range_from is null or (m.range_from < $4 and m.range_to > $3))`,
    [streamId, runNo, from, to],
  );
  const later = rows[0]?.from ?? null;
  // What was fetched by what names it was no part of a reading.
  const isDay = run.kind !== 'fetch' && parseWindow(run.window_label).kind === 'day';
  const watermark = earliest(run.watermark, isDay ? (from ?? 'beginning') : (later ?? 'as before'));
  await client.query('update streams set watermark = $2, kept_cursor = null, validators = null where stream_id = $1', [
    streamId,
    watermark,
  ]);
  // Parents whose records it read are read from their beginning.
  await client.query('delete from read_parents where stream_id = $1 and run_no >= $2', [streamId, runNo]);
  return { watermark, unchanged: Number(rows[0]?.unchanged) };
}

function earliest(watermark: string | null, from: Date | 'beginning' | 'as before'): string | null {
  if (watermark === null || from === 'beginning') return null;
  if (from === 'as before') return watermark;
  const back = sortableTime(from.toISOString());
  return back < watermark ? back : watermark;
}

/** What a stream went on from before the undo, where that still holds: no run has begun since, and no other undo is in force. */
export async function setReadingForth(
  client: ClientBase,
  {
    streamId,
    reading,
    lastRun,
    others,
  }: { readonly streamId: number; readonly reading: Reading; readonly lastRun: number; readonly others: boolean },
): Promise<void> {
  // What another undo has set back is to be read again, whatever this one had been.
  if (others) return;
  await client.query(
    `update streams set watermark = greatest(watermark, $2),
        kept_cursor = case when last_run = $5 then $3 else kept_cursor end,
        validators = case when last_run = $5 then $4::jsonb else validators end
      where stream_id = $1`,
    [
      streamId,
      reading.watermark,
      reading.keptCursor,
      reading.validators === null ? null : JSON.stringify(reading.validators),
      lastRun,
    ],
  );
}

/**
 * Has the next run read again what runs since an undo have found unchanged. They found the table without the run that is taken back now: what that
 * one had brought is not the newest where they saw something else. Of a stream whose listings sweep, they could not tell either that what it had
 * brought is gone. Returns how many records were unchanged, and whether anything is to be read.
 */
export async function readAgainSince(
  client: ClientBase,
  { streamId, lastRun, isSwept }: { readonly streamId: number; readonly lastRun: number; readonly isSwept: boolean },
): Promise<{ readonly unchanged: number; readonly unread: boolean }> {
  const { rows } = await client.query<{
    runs: string;
    unchanged: string;
    from: Date | null;
    whole: boolean | null;
    watermark: string | null;
  }>(
    `select s.watermark, m.* from streams s, lateral (select count(*) as runs, coalesce(sum(r.unchanged), 0) as unchanged, min(r.range_from) as from,
          bool_or(r.range_from is null) as whole
        from stream_runs r where r.stream_id = s.stream_id and r.run_no > $2 and r.undone_at is null and (r.unchanged > 0 or $3)) m
      where s.stream_id = $1`,
    [streamId, lastRun, isSwept],
  );
  const found = rows[0];
  if (found === undefined || found.runs === '0') return { unchanged: 0, unread: false };
  const watermark = earliest(found.watermark, found.whole === true || found.from === null ? 'beginning' : found.from);
  await client.query('update streams set watermark = $2, kept_cursor = null, validators = null where stream_id = $1', [
    streamId,
    watermark,
  ]);
  await client.query('delete from read_parents where stream_id = $1 and run_no > $2', [streamId, lastRun]);
  return { unchanged: Number(found.unchanged), unread: true };
}
