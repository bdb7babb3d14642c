import type { LandedStream } from './landed-stream.ts';
import { STAMP } from './stamp.ts';

/** The texts of a row whose record is gone: what it says besides its key may be old, or not there. */
export const rowOfGone = (
  { columns, transform }: Pick<LandedStream, 'columns' | 'transform'>,
  key: readonly string[],
): readonly (string | null)[] => [
  ...key,
  ...columns.slice(key.length).map(({ name }) => (name === STAMP ? (transform?.stamp ?? null) : null)),
];
