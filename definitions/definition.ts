import { z } from 'zod';
import { auth } from './auth.ts';
import { deletes } from './deletes.ts';
import { durationMs } from './duration-text.ts';
import { children } from './children.ts';
import { codeRule, headerRule } from './error-rules.ts';
import type { Source } from '../core/source.ts';
import { limits, type Limits } from './limits.ts';
import { onMismatch } from './contract.ts';
import { compression, format } from './formats.ts';
import { pageSize, pagination } from './pagination.ts';
import { polling } from './polling.ts';
import { push } from './push.ts';
import { reconcile } from './reconcile.ts';
import { records } from './records.ts';
import { requires } from './requires.ts';
import { rules } from './rules.ts';
import { graphql, include, lists, methods, parameters, place } from './request-shapes.ts';
import { history } from './history.ts';
import { job } from './job.ts';
import { schedules } from './schedules.ts';
import { targetNames } from './targets.ts';
import { calls } from './calls.ts';
import { keep } from './keep.ts';
import { timeFormat, times, timeZone } from './times.ts';
import { tls } from './tls.ts';
import { transforms } from './transforms.ts';
import { webhooks } from './webhooks.ts';

/**
 * The shape of a partner definition: what a person writes in `partners/<name>.yaml` or `.ts`. One schema for both.
 * Durations are texts like `30s`, `5m`, `1d`. Paths are dotted (`data.items`, `meta.next_cursor`); `''` is the body itself.
 */

const name = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,39}$/, 'a lower-case name of letters, digits and _ that starts with a letter, up to 40');
export {
  auth,
  type Auth,
  type AuthAnswer,
  type AuthCache,
  type AuthFunction,
  type AuthTools,
  type OnUnauthorized,
  type OutgoingRequest,
  type PrepareAuth,
  type ReadSecret,
} from './auth.ts';

export { pageSize, pagination, type AnsweredPage, type PageSize, type Pagination } from './pagination.ts';

// --- limits and errors ----------------------------------------------------------------------------------------------

export { limits, type Limits };

export const actions = [
  'ok',
  'throttled',
  'retry',
  'refreshToken',
  'skip',
  /** The listing has ended before this page. */
  'end',
  /** Its cursor is dead: the listing is read from its first page again, once. */
  'restart',
  'attention',
  'giveUp',
] as const;
export type Action = (typeof actions)[number];

/** A rule matches when all it names matches; the first that does wins over the built-in table. */
export const errorRule = z.strictObject({
  /** 403, `4xx`, or a list of those. */
  status: z
    .union([z.int().min(100).max(599), z.string().regex(/^[1-5]xx$/), z.array(z.int().min(100).max(599))])
    .optional(),
  header: headerRule.optional(),
  code: codeRule.optional(),
  /** Text that the body must contain. */
  contains: z.string().min(1).optional(),
  action: z.enum(actions),
  /** What a person should know or do; shown with the run. */
  message: z.string().optional(),
});
export type ErrorRule = z.output<typeof errorRule>;

// --- streams --------------------------------------------------------------------------------------------------------

const timeParam = z.strictObject({
  as: z.string().min(1),
  in: place.default('query'),
  /** A name, or a pattern such as `yyyy-MM-dd HH:mm:ss`: docs/times.md. */
  format: timeFormat.default('iso'),
  /** Whose clock the partner reads; UTC if absent. */
  zone: timeZone.optional(),
});

export const incremental = z.strictObject({
  /** The record's field (path) that moves forward. */
  field: z.string().min(1),
  /** Left out where `{start}` or `{end}` stands in a template. */
  start: timeParam.optional(),
  end: timeParam.optional(),
  /** Whose clock the partner reads in `{start}` and `{end}`, as `start.zone` says it for a parameter. */
  zone: timeZone.optional(),
  /** Whether the partner's bounds include the value itself. An exclusive start is sent one step earlier. */
  startInclusive: z.boolean().default(true),
  endInclusive: z.boolean().default(false),
  /** Read again this far before the watermark: late and tied records are never lost. */
  lookback: durationMs.default(0),
  /** What a record says of when it changed may show up this much later: the watermark stays so far behind the reading. */
  lag: durationMs.default(0),
  /** Where the very first sync starts; without it that one asks for everything, also for records that lack the field. */
  initial: z.iso.datetime({ offset: true }).optional(),
});
export type Incremental = z.output<typeof incremental>;

export const parent = z.strictObject({
  stream: name,
  /** Field of the parent's record whose value goes into the request. */
  field: z.string().min(1).optional(),
  /** Further ones: `{parent.FIELD}` in a template. Each distinct combination is a call of its own. */
  fields: z.array(z.string().min(1)).default([]),
  /** A field that has another value whenever the parent's children may have changed: only such parents are asked for. */
  changed: z.string().min(1).optional(),
  /** Name of the `{placeholder}` in the path, or of the query, header or body parameter. */
  as: z.string().min(1).optional(),
  in: z.enum(['path', 'query', 'header', 'body']).default('path'),
  /** Parents in one call, joined by `separator`. */
  batch: z.int().positive().default(1),
  separator: z.string().default(','),
  /** Adds the parent's value to each record under this name when `batch` is 1; of several fields: `{ FIELD: NAME }`. */
  include: include.optional(),
});
export type Parent = z.output<typeof parent>;

const jsonSchema = z.record(z.string(), z.unknown());

/** A source of one's own: how the stream is read, instead of path, query, body, records and pagination. */
const source = z.custom<Source>(
  (value) => isObject(value) && typeof value['request'] === 'function' && typeof value['read'] === 'function',
  'an object with the functions request and read (only in a .ts definition)',
);
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

export const stream = z.strictObject({
  /** Left out only where `source` makes the requests, or records are only pushed. */
  path: z.string().optional(),
  source: source.optional(),
  method: z.enum(methods).default('GET'),
  query: parameters.default({}),
  lists,
  headers: z.record(z.string(), z.string()).default({}),
  /** Instead of the partner's: limits of its own come with it. */
  auth: auth.optional(),
  /** Of a POST or PUT at most one: JSON, a form, a text of some other type, a GraphQL request. */
  body: z.record(z.string(), z.unknown()).optional(),
  form: parameters.optional(),
  text: z.string().optional(),
  contentType: z.string().min(1).optional(),
  graphql: graphql.optional(),
  /** The partner prepares the result first, and it is fetched when it is ready: docs/jobs.md. */
  job: job.optional(),
  /** Path of the array of records in the body; '' when the body is the array. Or how records are made of the body. */
  records,
  /** What the answer is written in; JSON if left out. */
  format,
  /** Whether the body is a .gz or .zip file. */
  compression,
  primaryKey: z.array(z.string().min(1)).default([]),
  /** Fields that order the versions of one record; later wins. None: order of arrival. */
  version: z.array(z.string().min(1)).default([]),
  pagination: pagination.prefault({ type: 'none' }),
  pageSize: pageSize.optional(),
  incremental: incremental.optional(),
  /** Cuts the range to be read into windows of this length, one after the other. Needs `incremental.end`. */
  slice: durationMs.optional(),
  parent: parent.optional(),
  /** Records that have to be there before one of this stream is told to its tables: docs/waiting.md. */
  requires: requires.optional(),
  /** A record of a known key with other content is held, and never told to a table: docs/ledgers.md. */
  immutable: z.boolean().optional(),
  /** What must hold among its records: docs/ledgers.md. */
  rules: rules.optional(),
  /** Parents, or slices of time whose records have a version, that are read side by side; learnt from limits and answers if absent. */
  concurrency: z.int().min(1).max(256).optional(),
  /** How the times of fields are written: docs/times.md. */
  times: times.optional(),
  /** JSON Schema of a record, or in .ts a zod schema. */
  schema: z.union([
    z.custom<z.ZodType>((value) => value instanceof z.ZodType, 'a zod schema (only in a .ts definition)'),
    jsonSchema,
  ]),
  /** What becomes of fields on their way into tables: docs/transforms.md. */
  transforms,
  lane: z.enum(['critical', 'normal', 'backfill']).default('normal'),
  /** How old the stream's data may be before `syncline status` calls it late. */
  freshness: durationMs.refine((promiseMs) => promiseMs > 0, 'above 0').optional(),
  disposition: z.enum(['merge', 'append', 'replace']).default('merge'),
  /** How it knows that records are gone: docs/deletes.md. */
  deletes: deletes.optional(),
  /** Objects whose fields have columns of their own: all of them, or those with these dotted names. */
  flatten: z.union([z.boolean(), z.array(z.string().min(1)).min(1)]).optional(),
  /** Arrays of objects that have tables of their own: docs/nested.md. */
  children,
  /** What becomes of records that do not fit, by field as well: docs/schema-changes.md. */
  onMismatch,
  /** Quarantined records a run may have and still be `partial`; beyond either it is `failed`. */
  errorBudget: z
    .strictObject({ count: z.int().nonnegative().default(100), share: z.number().min(0).max(1).default(0.01) })
    .prefault({}),
  /** A full listing shows all there is each time; its row count is compared with the last run's. */
  fullListing: z.boolean().optional(),
  /** Sends If-None-Match and If-Modified-Since with the first page's validators (RFC 9110 §13). */
  conditional: z.boolean().default(false),
  /** How often the partner wants to be asked: docs/polling.md. */
  polling,
  errors: z.array(errorRule).default([]),
  /** Paths of what the partner says went wrong, beside the records that came well: then the run is not `ok`. */
  errorsAt: z.union([z.string().min(1), z.array(z.string().min(1))]).default('errors'),
  /** Keep the payload of quarantined records (`keep`) or only its hash (`withhold`). */
  quarantinePayload: z.enum(['keep', 'withhold']).default('keep'),
  /** Target table; the stream's name if absent. */
  table: name.optional(),
  /** Names of `targets.yaml` that the stream is written to; those of the partner if absent. */
  targets: targetNames.optional(),
  /** Also a table with each version of a record, and the time in which it held: docs/history.md. */
  history: history.optional(),
  /** How long what was received is kept; as the partner says if absent: docs/retention.md. */
  keep: keep.optional(),
  /** What the call log keeps of its calls; as the partner says if absent: docs/calls.md. */
  calls: calls.prefault({}),
  /** Callers may send its records: docs/push.md. */
  push: push.optional(),
});
export type StreamDefinition = z.output<typeof stream>;
export type StreamInput = z.input<typeof stream>;

export const partner = z.strictObject({
  name,
  baseUrl: z.url({ protocol: /^https?$/, error: 'an http(s) URL' }),
  auth: auth.prefault({ type: 'none' }),
  headers: z.record(z.string(), z.string()).default({}),
  /** Certificates of our own: docs/http.md. */
  tls: tls.optional(),
  limits: limits.prefault({}),
  /** One request may take this long, connect to last byte. */
  timeout: durationMs.default(30_000),
  /** Largest answer taken, in bytes. */
  maxBytes: z
    .int()
    .positive()
    .default(256 * 1024 * 1024),
  errors: z.array(errorRule).default([]),
  /** One grant's end: requests or time, whichever first. */
  grant: z.strictObject({ requests: z.int().positive().default(500), time: durationMs.default(30_000) }).prefault({}),
  /** How a failing call is repeated: exponential with full jitter from `base` to `cap`, `attempts` in a row, `total` time. */
  retry: z
    .strictObject({
      attempts: z.int().positive().default(8),
      base: durationMs.default(1000),
      cap: durationMs.default(60_000),
      total: durationMs.default(3_600_000),
    })
    .prefault({}),
  /** When most calls with the credential fail: nobody calls, then one probe at a time, then all again (docs/outages.md). */
  circuit: z
    .strictObject({
      window: durationMs.refine((windowMs) => windowMs > 0, 'above 0').default(60_000),
      minCalls: z.int().positive().default(10),
      share: z.number().gt(0).max(1).default(0.5),
      streak: z.int().positive().default(5),
      probes: z.int().positive().default(2),
      retries: z.int().positive().default(10),
      refund: z.number().min(0).max(1).default(0.1),
    })
    .prefault({}),
  /** When it is synced by itself: docs/schedules.md. */
  schedules,
  /** When it is compared with the store by itself: docs/reconcile.md. */
  reconcile,
  /** Names of `targets.yaml` that its streams are written to, beside the store's own PostgreSQL: docs/targets.md. */
  targets: targetNames.optional(),
  /** How long what was received is kept, of streams that do not say it themselves; for ever if absent: docs/retention.md. */
  keep: keep.optional(),
  /** What the call log keeps of calls of its streams. */
  calls: calls.prefault({}),
  /** Its requests say which trace they are part of (W3C Trace Context): docs/tracing.md. */
  traceparent: z.boolean().default(false),
  /** What it sends by itself: docs/webhooks.md. */
  webhooks: webhooks.optional(),
  streams: z.record(name, stream).refine((streams) => Object.keys(streams).length > 0, 'at least one stream'),
});
/** A checked definition: defaults filled in, durations in ms. */
export type Partner = z.output<typeof partner>;
export type PartnerInput = z.input<typeof partner>;

/** For `.ts` definitions: `export default definePartner({ … })`. Types only; checking happens when it is loaded. */
export function definePartner(definition: PartnerInput): PartnerInput {
  return definition;
}
