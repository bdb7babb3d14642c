import { GiveUp } from '../../core/errors.ts';
import type { Quoting } from '../../definitions/quotings.ts';
import type { Placeholder } from '../../definitions/template.ts';
import { fillText } from './fill-template.ts';
import { quote, type Quotable } from './quote.ts';
import type { Lookup } from './template-values.ts';

/** A path with its placeholders filled; it may carry a query. No value gets out of its place in it. */
export function fillPath(path: string, lookup: Lookup): string {
  return fillText(path, { lookup, kind: 'path', write: writeSegment });
}

function writeSegment(value: Quotable, { quoting = 'url' }: Placeholder): string {
  const text = String(value.value);
  if (quoting !== 'url' && quoting !== 'path') return encodeURIComponent(quote(value, quoting as Quoting));
  if (text === '') throw new GiveUp("a parent's value is empty: it cannot stand in a path");
  (quoting === 'path' ? text.split('/') : [text]).forEach(refuseDots);
  return quote(value, quoting);
}

/** `.` and `..` survive encodeURIComponent and would climb to another endpoint (WHATWG URL, dot segments). */
function refuseDots(segment: string): void {
  if (segment === '.' || segment === '..')
    throw new GiveUp("a parent's value is made of dots: it cannot stand in a path");
}
