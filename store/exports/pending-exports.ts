import type { Pool } from 'pg';
import type { PlaceOfStream } from './exports.ts';

/** How `erasures.pending` names an export; no target has such a name. */
const MARK = 'export:';

export const pendingExport = (id: string): string => `${MARK}${id}`;

/** undefined: it is a target. */
export const exportOfPending = (pending: string): string | undefined =>
  pending.startsWith(MARK) ? pending.slice(MARK.length) : undefined;

/** As people are shown it. */
export const pendingWords = (pending: string): string => {
  const id = exportOfPending(pending);
  return id === undefined ? pending : `export ${id.slice(0, 8)}`;
};

export interface PendingErasure extends PlaceOfStream {
  readonly erasure: string;
  readonly pending: readonly string[];
}

/** Erasures that are not done everywhere. */
export async function pendingErasures(pool: Pool): Promise<readonly PendingErasure[]> {
  const { rows } = await pool.query<PendingErasure>(
    'select erasure, partner, stream, pending from erasures where cardinality(pending) > 0 order by at, erasure',
  );
  return rows;
}

/** No erasure has to reach the export any more. */
export async function noteUnreached(pool: Pool, id: string): Promise<void> {
  await pool.query('update erasures set pending = array_remove(pending, $1) where pending @> array[$1]', [
    pendingExport(id),
  ]);
}
