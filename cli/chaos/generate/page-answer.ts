import { assertNever } from '../../../core/assert-never.ts';
import type { Position } from '../../../core/page.ts';
import type { Pagination } from '../../../definitions/definition.ts';
import type { EndFlags, Flag } from '../../../definitions/end-signs.ts';
import { readOffset, readPageCursor } from '../../../sources/declared/page-params.ts';
import { fieldAt } from '../../../sources/declared/paginate/read-fields.ts';
import { CannotGenerate } from './cannot-generate.ts';
import { Content } from './formats/content.ts';
import type { Made } from './record-of.ts';

/** What is asked for, as the partner sees it. */
export interface PageWanted {
  readonly pagination: Pagination;
  /** The names that lead to the list of records. */
  readonly records: readonly string[];
  /** All that the listing has, in its order. */
  readonly all: readonly Made[];
  readonly cursor: Position['cursor'];
  /** Records that came on the pages before. */
  readonly served: number;
  /** Records of a page. */
  readonly size: number;
  /** Different records, as the partner counts them. */
  readonly total: number;
  /** That was asked. */
  readonly url: string;
}

export interface GeneratedPage {
  readonly headers: Readonly<Record<string, string>>;
  readonly content: Content['value'];
  readonly records: number;
}

/** Of the URL of a next page. */
const PARAMETER = 'next_page';

/** The page that a partner would send which does what the definition says. Throws CannotGenerate where it cannot be written. */
export function pageAnswer(wanted: PageWanted): GeneratedPage {
  const { pagination, all, size, url } = wanted;
  const from = beginOf(wanted);
  const page = all.slice(from, from + size);
  const more = from + size < all.length;
  const body = new Content(wanted.records, page);
  const headers: Record<string, string> = {};
  if ('total' in pagination) body.put(pagination.total, wanted.total);
  if ('hasMore' in pagination || 'isLast' in pagination) putFlags(body, pagination, more);
  const next = String(from + size);
  switch (pagination.type) {
    case 'token': {
      const none = 'none' in pagination ? [pagination.none ?? null].flat()[0] : null;
      const token = more ? `after-${next}` : none;
      if (pagination.from === 'body') body.put(pagination.token, token);
      else if (more) headers[pagination.token.toLowerCase()] = `after-${next}`;
      break;
    }
    case 'nextUrl':
      body.put(pagination.path, more ? urlOf(url, next) : ([pagination.none ?? null].flat()[0] ?? null));
      break;
    case 'link':
      if (more) headers['link'] = `<${urlOf(url, next)}>; rel="${pagination.rel}"`;
      break;
    case 'page':
      body.put(pagination.totalPages, Math.max(1, Math.ceil(all.length / size)));
      break;
    case 'none':
    case 'offset':
    case 'keyset':
      break;
    case 'function':
      throw new CannotGenerate('a function finds its next page, so only that knows what tells it; record the partner');
    default:
      assertNever(pagination);
  }
  return { headers, content: body.value, records: page.length };
}

/** Records before the page. */
function beginOf({ pagination, all, cursor, served, size }: PageWanted): number {
  switch (pagination.type) {
    case 'offset':
      return readOffset(cursor);
    case 'page':
      return (readPageCursor(cursor, pagination.first).number - pagination.first) * size;
    case 'keyset':
      // All that are greater: a page that ends among equal ones loses the rest, as with a partner.
      return cursor === null
        ? 0
        : all.findLastIndex((record) => String(fieldAt(record, pagination.field)) === cursor) + 1;
    case 'none':
    case 'token':
    case 'nextUrl':
    case 'link':
    case 'function':
      return served;
    default:
      return assertNever(pagination);
  }
}

function urlOf(asked: string, next: string): string {
  const url = new URL(asked);
  url.searchParams.set(PARAMETER, next);
  return url.href;
}

function putFlags(body: Content, { hasMore, isLast }: EndFlags, more: boolean): void {
  const put = (flag: Flag | undefined, value: boolean): void => {
    if (typeof flag === 'string') body.put(flag, value);
    else if (flag !== undefined) body.put(flag.path, [value ? flag.yes : flag.no].flat()[0]);
  };
  put(hasMore, more);
  put(isLast, !more);
}
