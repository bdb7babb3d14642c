import type { TargetTable } from './target.ts';

/** What a table says of itself, as the comment on it. */
export interface TableMark {
  /** The id that it was made with. */
  readonly id: string;
  /** A load has found that somebody changed its rows. That stays true, whatever is done to them afterwards. */
  readonly changed: boolean;
}

const MARK = 'table of Syncline ';
const CHANGED = ', changed by somebody: it is made anew';

export const writeMark = ({ id, changed }: TableMark): string => `${MARK}${id}${changed ? CHANGED : ''}`;

/** undefined: the table is somebody's own. */
export function readMark(comment: string): TableMark | undefined {
  if (!comment.startsWith(MARK)) return undefined;
  const changed = comment.endsWith(CHANGED);
  return { id: comment.slice(MARK.length, changed ? -CHANGED.length : undefined), changed };
}

/** Which tables people query: those are left as they are, and the others begin again. */
export const isQueried = ({ place = 'live' }: Pick<TargetTable, 'place'>): boolean =>
  place === 'live' || place === 'old';

/** How it shows that somebody changed a table. */
export const changes = {
  dropped: 'it is not there any more',
  emptied: 'it is empty, and the last load left rows in it',
  begun: 'it has rows, and the last load left none',
  noted: 'a load has found that somebody had changed it',
  another: 'another table stands in its place, or what the loads had noted of it is gone',
  touched: ({ how, by, at }: { readonly how: string; readonly by: string; readonly at: Date }): string =>
    `the role ${by} ${how === 'insert' ? 'inserted' : 'deleted'} rows at ${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`,
  rows: (rows: number, left: number): string =>
    `it has ${rows.toLocaleString('en-US')} ${rows === 1 ? 'row' : 'rows'}, and the last load left ${left.toLocaleString('en-US')}`,
} as const;
