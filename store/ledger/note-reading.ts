import type { PoolClient } from 'pg';
import { readCheckpoint } from '../../core/checkpoint.ts';
import { sortableTime } from '../../core/version.ts';
import { parseWindow, readAsOf } from '../../core/window.ts';
import type { LandedStream } from '../../core/landed-stream.ts';
import type { StreamRun } from '../../core/staged.ts';
import { beganBeforeUndo } from '../undo/undos.ts';
import type { EvidenceRow } from './evidence.ts';

/**
 * What the next run goes on from: the watermark, the kept cursor, the validators, and which parents were read. Those whose calls
 * were refused or skipped were not: when the partner takes them again they have all their past before them. A value that is too
 * long for an index stays new for ever. A run that began before an undo leaves all of it as the undo set it.
 */
export async function noteReading(
  client: PoolClient,
  {
    stream,
    run,
    row,
  }: {
    readonly stream: LandedStream;
    readonly run: Pick<StreamRun, 'streamId' | 'runNo'>;
    readonly row: Pick<EvidenceRow, 'window_label' | 'began_at' | 'checkpoint'>;
  },
): Promise<void> {
  const isDay = movesWatermark(row);
  const { rowCount } = await client.query(
    `update streams s set validators = coalesce(r.validators, s.validators), watermark = case when $3
            then greatest(watermark, ${reached('$4')}) else watermark end,
          kept_cursor = coalesce($5, kept_cursor)
        from stream_runs r where s.stream_id = $1 and r.stream_id = $1 and r.run_no = $2 and not ${beganBeforeUndo}`,
    [
      run.streamId,
      run.runNo,
      isDay,
      readUpTo(row, stream),
      isDay ? (readCheckpoint(row.checkpoint).kept ?? null) : null,
    ],
  );
  if (rowCount === 0) return;
  const { parent, incremental } = stream.definition;
  if (!isDay || parent === undefined || (incremental === undefined && parent.changed === undefined)) return;
  await client.query(
    `insert into read_parents (stream_id, parent, run_no)
        select distinct p.stream_id, parent, p.run_no from pages p, unnest(p.parents) as parent
          where p.stream_id = $1 and p.run_no = $2 and not exists (select from pages r where r.stream_id = $1 and r.run_no = $2
            and r.kind = 'refused' and r.parents = p.parents)
            and octet_length(parent) <= 2600
      on conflict (stream_id, parent) do update set run_no = greatest(read_parents.run_no, excluded.run_no)`,
    [run.streamId, run.runNo],
  );
  if (parent.changed !== undefined) await forgetFormer(client, run);
}

/** A parent's text (`core/parent-values.ts`) without the name and the value that stand last. */
const bare = (of: string): string =>
  String.raw`regexp_replace(${of}.parent, ',"([^"\\]|\\.)*","([^"\\]|\\.)*"\]$', '')`;

/** A parent that has its former value again has changed, too. What tells its versions apart stands last in its text. */
async function forgetFormer(client: PoolClient, run: Pick<StreamRun, 'streamId' | 'runNo'>): Promise<void> {
  await client.query(
    `delete from read_parents former using read_parents latest
        where latest.stream_id = $1 and latest.run_no = $2 and former.stream_id = $1 and former.run_no < $2
          and ${bare('former')} = ${bare('latest')}`,
    [run.streamId, run.runNo],
  );
}

/** A range stands for itself: what lies between it and the watermark was not read. */
export const movesWatermark = ({ window_label }: Pick<EvidenceRow, 'window_label'>): boolean =>
  parseWindow(window_label).kind === 'day';

/** The latest that a run may have read to, as sortable time. */
export const readUpTo = (
  { window_label, began_at }: Pick<EvidenceRow, 'window_label' | 'began_at'>,
  { definition }: LandedStream,
): string =>
  sortableTime(
    readAsOf(parseWindow(window_label), { beganAt: began_at.toISOString(), lagMs: definition.incremental?.lag ?? 0 }),
  );

/** Where a run (as `r`) leaves the watermark; null when none of its records has the field. */
export const reached = (upTo: string): string =>
  `case when r.high_mark is not null then least(r.high_mark, ${upTo}) end`;
