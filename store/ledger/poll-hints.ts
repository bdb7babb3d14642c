import type { Pool } from 'pg';
import type { PollHint } from '../../core/poll-hint.ts';
import type { StreamRun } from '../../core/staged.ts';

/** Keeps when a stream may be asked again; null: the partner no longer says. */
export async function notePollHint(
  pool: Pool,
  { streamId }: Pick<StreamRun, 'streamId'>,
  hint: PollHint | null,
): Promise<void> {
  await pool.query('update streams set poll_hint = $2 where stream_id = $1', [
    streamId,
    hint === null ? null : JSON.stringify(hint),
  ]);
}

/** The hints of some partners' streams. */
export async function pollHints(
  pool: Pool,
  partners: readonly string[],
): Promise<readonly { readonly partner: string; readonly stream: string; readonly hint: PollHint }[]> {
  const { rows } = await pool.query<{ partner: string; stream: string; hint: PollHint }>(
    `select partner, name as stream, poll_hint as hint from streams where poll_hint is not null and partner = any ($1)
      order by partner, name`,
    [partners],
  );
  return rows;
}
