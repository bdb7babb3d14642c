import { z } from 'zod';
import { emptyPages, endFlags, firstCursor, keptToken, keptUrl, noNext } from './end-signs.ts';
import { place } from './request-shapes.ts';
import { means } from './means.ts';

const path = z.string();
type AnyFunction = (...args: never[]) => unknown;
/** A function, as `.ts` definitions may use wherever a plain value does not reach. */
const fn = <T extends AnyFunction>(): z.ZodType<T, T> =>
  z.custom<T>((value) => typeof value === 'function', 'a function (only in a .ts definition)');

/** What a paginating function is told of a page; it returns the next cursor, or null at the end. */
export interface AnsweredPage {
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
  readonly records: readonly unknown[];
  readonly cursor: string | null;
}

const total = means(
  'path of the number of records that the answer announces; a run that brings fewer is `suspect`',
  path.optional(),
);
const cursorAs = means(
  'name of the parameter for the cursor; left out if the request has the placeholder `{cursor}`',
  z.string().min(1).optional(),
);
const stopOnShort = means(
  'whether a page that is shorter than asked for ends the listing; many partners send such pages in the middle',
  z.boolean().default(false),
);

/** Where a cursor or a size goes is said by `as` and `in`, or by `{cursor}` and `{limit}` in a template (docs/requests.md). */
export const pagination = z.discriminatedUnion('type', [
  z.strictObject({
    type: means('there is one page', z.literal('none')),
    all: means(
      'whether that page is all there is, even if the answer says that there is more',
      z.boolean().default(false),
    ),
  }),
  z.strictObject({
    type: means('a token in the answer goes back as a parameter', z.literal('token')),
    from: means("whether the token is in the answer's body or in a header", z.enum(['body', 'header']).default('body')),
    token: means('path of the token in the body, or the name of its header', z.string().min(1)),
    in: place.default('query'),
    as: cursorAs,
    total,
    ...firstCursor,
    ...noNext,
    ...keptToken,
    ...endFlags,
    ...emptyPages,
  }),
  z.strictObject({
    type: means("the answer's body holds the URL of the next page, absolute or relative", z.literal('nextUrl')),
    path: means('path of the URL of the next page', z.string().min(1)),
    total,
    ...noNext,
    ...keptUrl,
    ...endFlags,
    ...emptyPages,
  }),
  // RFC 8288
  z.strictObject({
    type: means('the header `Link` names the next page', z.literal('link')),
    rel: means('the relation that marks the next page in the header `Link`', z.string().default('next')),
    total,
    ...endFlags,
    ...emptyPages,
  }),
  z.strictObject({
    type: means('each request skips the records that were read', z.literal('offset')),
    as: means('name of the parameter for the number of records to skip; `offset` if absent', z.string().optional()),
    limitAs: means('name of the parameter for `limit`; not sent if absent', z.string().optional()),
    limit: means('how many records a full page has', z.int().positive()),
    in: place.default('query'),
    total,
    stopOnShort,
    ...endFlags,
    ...emptyPages,
  }),
  z.strictObject({
    type: means('pages have numbers', z.literal('page')),
    as: means('name of the parameter for the number of the page; `page` if absent', z.string().optional()),
    first: means('number of the first page', z.int().nonnegative().default(1)),
    sizeAs: means('name of the parameter for `size`; not sent if absent', z.string().optional()),
    size: means('how many records a full page has', z.int().positive()),
    in: place.default('query'),
    total,
    totalPages: means(
      'path of the number of pages that the answer announces; the last one ends the listing if it is not full',
      path.optional(),
    ),
    stopOnShort,
    ...endFlags,
    ...emptyPages,
  }),
  z.strictObject({
    type: means('a field of the last record goes back as a parameter', z.literal('keyset')),
    field: means('top-level field of the last record whose value goes back', z.string().min(1)),
    as: cursorAs,
    in: place.default('query'),
    total,
    ...firstCursor,
    ...endFlags,
    ...emptyPages,
  }),
  z.strictObject({
    type: means('a function of the answer gives the next cursor', z.literal('function')),
    next: means('returns the next cursor, or null at the end', fn<(page: AnsweredPage) => string | null>()),
    in: place.default('query'),
    as: cursorAs,
    ...emptyPages,
  }),
]);
export type Pagination = z.output<typeof pagination>;

/**
 * How many records to ask for at once: `max`, the most the partner gives, where its limits make each request dear; `usual`
 * where they do not, and smaller pages cost less to fetch again.
 */
export const pageSize = z.strictObject({
  as: means(
    'name of the parameter for the size; left out if the request has the placeholder `{limit}`',
    z.string().min(1).optional(),
  ),
  in: place.default('query'),
  max: means(
    'the most records that the partner gives at once; asked for if its limits count requests',
    z.int().positive(),
  ),
  usual: means(
    "records to ask for at once if the partner's limits count no requests",
    z.int().positive().default(1000),
  ),
});
export type PageSize = z.output<typeof pageSize>;
