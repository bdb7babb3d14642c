import type { Verdict } from '../../http/classify.ts';
import { sourceOf } from '../../sources/source-of.ts';
import type { PageAsked } from './page-asked.ts';

/** What a refusal means for the page that was asked for, beyond what its status says. */

/** How partners refuse a page behind the last one. */
const BEHIND_THE_END: readonly number[] = [400, 404, 416, 422];

/** What lives for a short time is refused like anything that is not there, or not for us. */
export const isOver = ({ action, ruled }: Verdict, { stream, position }: PageAsked, status: number): boolean =>
  !ruled &&
  status >= 400 &&
  status < 500 &&
  (action === 'giveUp' || action === 'attention' || action === 'refreshToken') &&
  sourceOf(stream).fleeting?.(position) === true;

/** How partners refuse a cursor that they do not know any more. */
const DEAD: readonly number[] = [400, 404, 410, 416, 422];

/** A place that is found by counting lives as long as the listing. */
export const isDeadCursor = (
  { action, ruled }: Verdict,
  { stream, position, resumed }: PageAsked,
  status: number,
): boolean =>
  position.cursor !== null &&
  (action === 'restart' ||
    (!ruled && resumed && action === 'giveUp' && DEAD.includes(status) && sourceOf(stream).counts !== true));

/** What comes a second time changes nothing only where it has a key. */
export const mayStartAnew = ({ stream, restarts }: PageAsked): boolean =>
  restarts === 0 && stream.keyColumns.length > 0;

export const hopeless = ({ stream, restarts }: PageAsked): string =>
  restarts > 0
    ? 'the cursor died, was begun anew and died again: a new run (syncline sync --force) reads it from its first page'
    : `the cursor has died, and without a primaryKey nothing can be read anew${
        stream.definition.disposition === 'append' ? ' and not be appended twice' : ''
      }: a new run (syncline sync --force) reads it from its first page`;

/** May be about one parent: it is gone, was renamed, or is not for these credentials. */
const ABOUT_A_PARENT: readonly number[] = [403, 451];

/** What a rule of the definition says is meant for the stream. */
export const refusesParent = ({ action, ruled }: Verdict, { position }: PageAsked, status: number): boolean =>
  position.parents.length > 0 &&
  !ruled &&
  (action === 'giveUp' || (action === 'attention' && ABOUT_A_PARENT.includes(status)));

/** By what the partner states the listing had ended before: that page may be refused. */
export const isBehindEnd = ({ action }: Verdict, { beyond }: PageAsked, status: number): boolean =>
  beyond && BEHIND_THE_END.includes(status) && (action === 'giveUp' || action === 'skip');
