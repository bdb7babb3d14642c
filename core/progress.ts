import type { Part } from './checkpoint.ts';
import { GiveUp } from './errors.ts';
import type { NextPage } from './page.ts';

export interface PageSeen {
  readonly pageNo: number;
  readonly next: NextPage;
  /** `core/page-mark.ts`. */
  readonly mark: string | null;
  /** It has as many records as were asked for. */
  readonly full: boolean;
}

/** Records without a key may well look alike, page after page; but not for ever. */
const MOST_ALIKE = 20;
/** So often one page has come again, with others in between, when its listing goes round. Once may be chance. */
const ROUNDS = 3;

/**
 * A page that holds what the page before it held leads nowhere: the partner does not turn its pages, or gives its last one
 * for ever. The listing ends there. It is doubtful unless, by what the partner states, it had ended before.
 */
export function progress(at: Part, { pageNo, next, mark, full }: PageSeen, hasKey: boolean): NextPage {
  const times = timesInARow(at, mark);
  if (times === 1) return goesRound(at, mark, hasKey) ? ending(next, pageNo, hasKey) : next;
  if (!hasKey) {
    if (times <= MOST_ALIKE || next.cursor === null) return next;
    throw new GiveUp(`${times} pages in a row hold the same records: the listing has no end`, { at: { page: pageNo } });
  }
  const ended = { ...next, cursor: null };
  if (at.beyond === true && !full) return ended;
  const repeats = `page ${pageNo} holds the records of the page before it: the partner does not turn its pages, or repeats its last one`;
  return { ...ended, doubt: next.doubt ?? repeats };
}

/** Page numbers that wrap around, tokens that are always new: neither an end nor a cursor that came before tells of them. */
const goesRound = ({ round }: Part, mark: string | null, hasKey: boolean): boolean =>
  round !== undefined && mark === round.mark && round.met + 1 >= (hasKey ? ROUNDS : MOST_ALIKE);

function ending(next: NextPage, pageNo: number, hasKey: boolean): NextPage {
  if (next.cursor === null) return next;
  const says = `page ${pageNo} holds the records of a page before it, not for the first time: the partner's pages go round in a circle`;
  if (!hasKey) throw new GiveUp(says, { at: { page: pageNo } });
  return { ...next, cursor: null, doubt: next.doubt ?? says };
}

/** 1: it is not the page before. */
export const timesInARow = ({ last }: Part, mark: string | null): number =>
  mark !== null && last?.mark === mark ? last.times + 1 : 1;
