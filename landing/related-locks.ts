import type { ClientBase } from 'pg';
import type { CompiledStream } from '../definitions/compiled.ts';

/** A stream whose waiting records a commit may release, as it is under its lock. */
export interface LockedStream {
  readonly stream: CompiledStream;
  readonly streamId: number;
  /** Its table is that of the definition, so that rows can be written to it. */
  readonly isFitted: boolean;
}

/**
 * Locks a stream and all that need it, directly or through others, in the order of their numbers. Whoever writes to a stream's table
 * holds the locks of all that may wait for it; whoever lets a record wait holds its stream's: so one of the two sees the other. Commits that lock
 * in the same order never wait for each other in a circle.
 */
export async function lockRelated(
  client: ClientBase,
  stream: CompiledStream,
): Promise<ReadonlyMap<string, LockedStream>> {
  const { relations, partner, deletesIn } = stream;
  // A commit that deletes in another stream locks that one as well (commit-deletes.ts): all in one statement.
  const also = deletesIn === undefined ? [] : [deletesIn.name];
  const names = [...new Set([stream.name, ...(relations?.dependents ?? []), ...also])];
  const { rows } = await client.query<{ name: string; stream_id: number; definition_version: string }>(
    'select name, stream_id, definition_version from streams where partner = $1 and name = any ($2) order by stream_id for update',
    [partner.name, names],
  );
  return new Map(
    rows.map(({ name, stream_id: streamId, definition_version: version }) => {
      const locked =
        name === stream.name
          ? stream
          : ((name === deletesIn?.name ? deletesIn : relations?.stream(name)) as CompiledStream);
      return [name, { stream: locked, streamId, isFitted: version === locked.definitionVersion }];
    }),
  );
}
