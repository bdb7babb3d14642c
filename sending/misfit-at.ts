import type { PushedBatch } from './batch.ts';
import type { Misfit } from './push-options.ts';

/** A place in a body as a place in the caller's record: of a body with several, the first part is the index among them. */
export function misfitAt(
  { first, records }: Pick<PushedBatch, 'first' | 'records'>,
  { pointer, detail }: { readonly pointer: string; readonly detail: string },
): Misfit {
  if (records === 1) return { record: first, pointer, detail };
  const [, index = '0', rest = ''] = /^#\/(\d+)(.*)$/s.exec(pointer) ?? [];
  return { record: first + Number(index), pointer: `#${rest}`, detail };
}
