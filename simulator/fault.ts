import { z } from 'zod';
import { streams } from './records.ts';

/**
 * What can go wrong, and when. All conditions of a fault must hold; without any it fires on every matching request.
 * Requests are counted per fault, from 1, after limits and authorization.
 */
const when = {
  stream: z.enum(streams).optional(),
  /** The exact path, such as `/v2/payments`. */
  path: z.string().optional(),
  /** These requests, or this one. */
  nth: z.union([z.int().positive(), z.array(z.int().positive())]).optional(),
  /** Every k-th request. */
  every: z.int().positive().optional(),
  /** Only after this many requests. */
  after: z.int().nonnegative().optional(),
  probability: z.number().min(0).max(1).optional(),
  /** At most this often. */
  times: z.int().positive().optional(),
};

export const retryAfterForms = [
  'int',
  'decimal',
  'imf',
  'rfc850',
  'asctime',
  'past',
  'huge',
  'garbage',
  'none',
] as const;
export type RetryAfterForm = (typeof retryAfterForms)[number];

const count = z.int().positive();

/** The answer is replaced, or never comes whole. */
const wireFaults = [
  z.strictObject({ ...when, kind: z.literal('status'), status: z.int().min(400).max(599).default(500) }),
  /** "Slow down": 429; 403 or 400 with a code; 200 with an error in the body. */
  z.strictObject({
    ...when,
    kind: z.literal('throttle'),
    status: z.union([z.literal(429), z.literal(403), z.literal(400), z.literal(503), z.literal(200)]).default(429),
    retryAfter: z.enum(retryAfterForms).default('int'),
    seconds: z.number().positive().default(1),
  }),
  z.strictObject({ ...when, kind: z.literal('reset'), at: z.enum(['before', 'middle']).default('before') }),
  z.strictObject({ ...when, kind: z.literal('hang') }),
  z.strictObject({ ...when, kind: z.literal('delay'), ms: count.default(1000) }),
  z.strictObject({ ...when, kind: z.literal('slow_body'), chunkBytes: count.default(64), delayMs: count.default(10) }),
  /** Half of the JSON; `right`: Content-Length says so; `wrong`: it promises the whole and the connection ends. */
  z.strictObject({ ...when, kind: z.literal('truncated'), length: z.enum(['right', 'wrong']).default('right') }),
  z.strictObject({ ...when, kind: z.literal('content_type'), value: z.string().default('text/plain') }),
  z.strictObject({ ...when, kind: z.literal('html') }),
  z.strictObject({ ...when, kind: z.literal('empty_body') }),
  /** Says gzip, is not. */
  z.strictObject({ ...when, kind: z.literal('bad_gzip') }),
  /** The credential in use stops to be valid; with `oauth2` until a new token is fetched, otherwise for this request. */
  z.strictObject({ ...when, kind: z.literal('expired_token') }),
  /** A Date header that is off. */
  z.strictObject({ ...when, kind: z.literal('clock_skew'), ms: z.int().default(600_000) }),
  /** Whitespace inside the JSON makes the body this long. */
  z.strictObject({ ...when, kind: z.literal('big_page'), bytes: count.default(10_000_000) }),
] as const;

/** The listing is cut wrongly. */
const pageFaults = [
  /** The next page is this one, for ever. */
  z.strictObject({ ...when, kind: z.literal('repeat_token') }),
  /** Every second page leads back to the one before it. */
  z.strictObject({ ...when, kind: z.literal('cycle_tokens') }),
  /** The page's first rows come once more at its end. */
  z.strictObject({ ...when, kind: z.literal('duplicate_in_page'), count: count.default(1) }),
  /** The last rows of the page before come again at the start of this one. */
  z.strictObject({ ...when, kind: z.literal('duplicate_across_pages'), count: count.default(1) }),
  /** `{}` among the records. */
  z.strictObject({ ...when, kind: z.literal('blank_records'), count: count.default(1) }),
  /** Half the rows asked for, and more to come. No effect on page numbers and `Link`, where rows would be lost. */
  z.strictObject({ ...when, kind: z.literal('short_page') }),
  /** The listing ends `rows` rows too early (absent: with this page) while `total` counts all. */
  z.strictObject({ ...when, kind: z.literal('early_end'), rows: count.optional() }),
  /** The world changes just before the answer: rows move between pages. */
  z.strictObject({
    ...when,
    kind: z.literal('mutate'),
    target: z.enum(streams).optional(),
    change: z.int().nonnegative().default(0),
    add: z.int().nonnegative().default(0),
    remove: z.int().nonnegative().default(0),
  }),
] as const;

/** The same rows are bad in every answer that holds them. */
const rowFaults = [
  z.strictObject({
    ...when,
    kind: z.literal('malformed'),
    how: z.enum(['missing_field', 'wrong_type', 'null_id']).default('missing_field'),
    /** So many rows, chosen by the seed among those the stream began with. */
    count: count.default(1),
    /** A field that every record of the stream has; the stream's usual one if absent. */
    field: z.string().optional(),
  }),
  /** From row `from` on records have one more field. */
  z.strictObject({
    ...when,
    kind: z.literal('new_field'),
    from: z.int().nonnegative(),
    field: z.string().default('risk'),
  }),
  /** From row `from` on a number comes as text, a text in an object. */
  z.strictObject({
    ...when,
    kind: z.literal('type_change'),
    from: z.int().nonnegative(),
    field: z.string().optional(),
  }),
] as const;

export const fault = z.discriminatedUnion('kind', [...wireFaults, ...pageFaults, ...rowFaults]);
export type Fault = z.output<typeof fault>;
export type FaultInput = z.input<typeof fault>;
export type FaultOf<K extends Fault['kind']> = Extract<Fault, { kind: K }>;

export type RowFault = z.output<(typeof rowFaults)[number]>;
export const isRowFault = (each: Fault): each is RowFault =>
  each.kind === 'malformed' || each.kind === 'new_field' || each.kind === 'type_change';
