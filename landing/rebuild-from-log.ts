import type { ClientBase } from 'pg';
import type { CompiledStream } from '../definitions/compiled.ts';
import { fillFromLog } from './fill-from-log.ts';
import { holdUnfit } from './hold-unfit.ts';
import { wholeLog } from '../store/log/read-log.ts';

export interface Rebuild {
  readonly stream: CompiledStream;
  readonly streamId: number;
  /** Quoted, with its schema: an empty table, or one that was filled from this log. */
  readonly table: string;
}

export interface Rebuilt {
  /** Events that were read. */
  readonly events: number;
  /** Those among them that fit no longer. */
  readonly unfit: number;
}

/**
 * Fills a table that is empty with all that the log says, by the rules of the present definition. What fits no longer goes to
 * quarantine. Call it in a transaction, under the stream's lock.
 */
export async function rebuildFromLog(client: ClientBase, { stream, streamId, table }: Rebuild): Promise<Rebuilt> {
  let unfit = 0;
  const events = await fillFromLog(client, {
    stream,
    streamId,
    table,
    ...wholeLog,
    unfit: async (held) => {
      unfit += held.length;
      await holdUnfit(client, { stream, streamId, held });
    },
  });
  return { events, unfit };
}
