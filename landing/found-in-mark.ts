import type { PoolClient } from 'pg';
import { parseJson } from '../core/json.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import type { StreamRun } from '../core/staged.ts';
import { markReader } from '../records/read-mark.ts';

/** In words, what a record has where the time should be that moves the watermark; undefined: nobody can tell. */
export async function foundInMark(
  client: PoolClient,
  {
    stream,
    run,
    row,
  }: {
    readonly stream: CompiledStream;
    readonly run: Pick<StreamRun, 'streamId'>;
    readonly row: { readonly last_event: string };
  },
): Promise<string | undefined> {
  const { rows } = await client.query<{ payload: string }>(
    `select payload::text as payload from events_${run.streamId} where event = $1 and operation = 'u'`,
    [row.last_event],
  );
  const payload = rows[0]?.payload;
  if (payload === undefined) return undefined;
  const time = markReader(stream)?.read(parseJson(payload));
  if (time === undefined) return undefined;
  return 'found' in time ? time.found : 'a time in the future';
}
