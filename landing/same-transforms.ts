import { RetryLater } from '../core/errors.ts';
import type { LandedStream } from '../core/landed-stream.ts';

export const stampOf = ({ transform }: Pick<LandedStream, 'transform'>): string | null => transform?.stamp ?? null;

/**
 * What was read by other transforms than the table has now is not written to it: another run, or another worker, has made the table anew
 * meanwhile. `stands`: the stamp of the stream's row, under its lock.
 */
export function expectSameTransforms(stream: LandedStream, stands: string | null): void {
  if (stands === stampOf(stream)) return;
  throw new RetryLater(
    `transforms of ${stream.schema}.${stream.table} have changed since this was read: it is read again by the present ones`,
    { afterMs: 0 },
  );
}
