import { guessEnvelope } from '../../core/json.ts';
import type { Position } from '../../core/page.ts';
import type { Auth, Pagination } from '../../definitions/definition.ts';
import type { EndFlags } from '../../definitions/end-signs.ts';
import { nextPage } from './next-page.ts';

export interface UnreadPage {
  readonly pagination: Pagination;
  readonly text: string;
  /** Path of the records in the body. */
  readonly records: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly position: Position;
  readonly url: string;
  readonly auth: Auth;
}

const isFlagged = ({ hasMore, isLast }: EndFlags): boolean => hasMore !== undefined || isLast !== undefined;

/**
 * The cursor of the next page as the answer tells it beside its records, before they are read: the next request can be on
 * its way while they are. undefined when it cannot be told. Whoever acts on it compares it with what reading gives.
 */
export function foreseeNext({ text, records, ...page }: UnreadPage): string | undefined {
  const { type } = page.pagination;
  if (type !== 'token' && type !== 'nextUrl' && type !== 'link') return undefined;
  // A body that broke off has to be asked for again: another request would be for nothing.
  if (!/[}\]]\s*$/.test(text.slice(-16))) return undefined;
  try {
    const body = type === 'link' && !isFlagged(page.pagination) ? undefined : guessEnvelope(text, records);
    return nextPage({ ...page, body, records: [] }).cursor ?? undefined;
  } catch {
    // Reading the page says what is wrong with it.
    return undefined;
  }
}
