import { learnWidth, type Width } from '../../core/width.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { sourceOf } from '../../sources/source-of.ts';

/**
 * How many partitions of a stream are read side by side. Slices of time whose records have no version are read one after the other:
 * a record that moves from one to the next while they are read would otherwise be as new as its slice.
 */
export function widthOf(stream: CompiledStream): Width {
  const found = known.get(stream);
  if (found !== undefined) return found;
  const made = newWidth(stream);
  known.set(stream, made);
  return made;
}

/** What one grant has learnt, the next one need not learn again. */
const known = new WeakMap<CompiledStream, Width>();

function newWidth(stream: CompiledStream): Width {
  const { partner, definition, version } = stream;
  const { parent, slice, concurrency } = definition;
  const hasParents = parent !== undefined || sourceOf(stream).partitions !== undefined;
  const inOrder = slice !== undefined && version.length === 0;
  if (inOrder || (!hasParents && slice === undefined)) return learnWidth({ declared: 1 });
  return learnWidth({ declared: concurrency, slots: partner.limits.concurrency, perSecond: perSecond(partner.limits) });
}

/** The tightest of the limits on requests. Quotas of hours and days say nothing of how fast to ask. */
function perSecond({ rate, per, windows, unit }: CompiledStream['partner']['limits']): number | undefined {
  const rates = windows.flatMap((window) => (window.unit === 'requests' ? [(window.limit * 1000) / window.per] : []));
  if (rate !== undefined && unit === 'requests') rates.push((rate * 1000) / per);
  return rates.length === 0 ? undefined : Math.min(...rates);
}
