import { z } from 'zod';
import { emptyPages, endFlags, firstCursor, keptToken, keptUrl, noNext } from './end-signs.ts';
import { place } from './request-shapes.ts';

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

/** Where a cursor or a size goes is said by `as` and `in`, or by `{cursor}` and `{limit}` in a template (docs/requests.md). */
export const pagination = z.discriminatedUnion('type', [
  /** One request, one page; with `all` it is all there is, whatever the answer says of more. */
  z.strictObject({ type: z.literal('none'), all: z.boolean().default(false) }),
  /** A token in the answer's body or header, sent back. Ends when it is absent, null, empty or 0, or at a flag. */
  z.strictObject({
    type: z.literal('token'),
    from: z.enum(['body', 'header']).default('body'),
    /** Path in the body, or header name. */
    token: z.string().min(1),
    in: place.default('query'),
    as: z.string().min(1).optional(),
    total: path.optional(),
    ...firstCursor,
    ...noNext,
    ...keptToken,
    ...endFlags,
    ...emptyPages,
  }),
  /** A whole next URL (absolute or relative) in the body. Ends when it is absent, null, empty or 0, or at a flag. */
  z.strictObject({
    type: z.literal('nextUrl'),
    path: z.string().min(1),
    total: path.optional(),
    ...noNext,
    ...keptUrl,
    ...endFlags,
    ...emptyPages,
  }),
  /** `Link: <…>; rel="next"` (RFC 8288). Ends when there is none, or at a flag. */
  z.strictObject({
    type: z.literal('link'),
    rel: z.string().default('next'),
    total: path.optional(),
    ...endFlags,
    ...emptyPages,
  }),
  /** Offset and limit. Ends at a flag or an empty page, at a short page only with `stopOnShort`; never at a declared total. */
  z.strictObject({
    type: z.literal('offset'),
    as: z.string().optional(),
    limitAs: z.string().optional(),
    limit: z.int().positive(),
    in: place.default('query'),
    total: path.optional(),
    stopOnShort: z.boolean().default(false),
    ...endFlags,
    ...emptyPages,
  }),
  /** Page numbers. Ends as `offset` does, or after `totalPages` where that page is not full. */
  z.strictObject({
    type: z.literal('page'),
    as: z.string().optional(),
    first: z.int().nonnegative().default(1),
    sizeAs: z.string().optional(),
    size: z.int().positive(),
    in: place.default('query'),
    total: path.optional(),
    totalPages: path.optional(),
    stopOnShort: z.boolean().default(false),
    ...endFlags,
    ...emptyPages,
  }),
  /** The last record's field goes back as a parameter (`starting_after`). Ends at a flag or an empty page. */
  z.strictObject({
    type: z.literal('keyset'),
    field: z.string().min(1),
    as: z.string().min(1).optional(),
    in: place.default('query'),
    total: path.optional(),
    ...firstCursor,
    ...endFlags,
    ...emptyPages,
  }),
  z.strictObject({
    type: z.literal('function'),
    next: fn<(page: AnsweredPage) => string | null>(),
    in: place.default('query'),
    as: z.string().min(1).optional(),
    ...emptyPages,
  }),
]);
export type Pagination = z.output<typeof pagination>;

/**
 * How many records to ask for at once: `max`, the most the partner gives, where its limits make each request dear; `usual`
 * where they do not, and smaller pages cost less to fetch again.
 */
export const pageSize = z.strictObject({
  as: z.string().min(1).optional(),
  in: place.default('query'),
  max: z.int().positive(),
  usual: z.int().positive().default(1000),
});
export type PageSize = z.output<typeof pageSize>;
