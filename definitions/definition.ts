import { z } from 'zod';
import { auth } from './auth.ts';
import { deletes } from './deletes.ts';
import { durationMs } from './duration-text.ts';
import { children } from './children.ts';
import { errorRule } from './error-rules.ts';
import type { Source } from '../core/source.ts';
import { limits } from './limits.ts';
import { onMismatch } from './contract.ts';
import { compression, format } from './formats.ts';
import { pageSize, pagination } from './pagination.ts';
import { polling } from './polling.ts';
import { push } from './push.ts';
import { reconcile } from './reconcile.ts';
import { records } from './records.ts';
import { requires } from './requires.ts';
import { rules } from './rules.ts';
import { include, lists, methods, sent } from './request-shapes.ts';
import { history } from './history.ts';
import { incremental } from './incremental.ts';
import { job } from './job.ts';
import { schedules } from './schedules.ts';
import { targetNames } from './targets.ts';
import { calls } from './calls.ts';
import { keep } from './keep.ts';
import { times } from './times.ts';
import { tls } from './tls.ts';
import { transforms } from './transforms.ts';
import { webhooks } from './webhooks.ts';
import { means } from './means.ts';

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

export { actions, errorRule, type Action, type ErrorRule } from './error-rules.ts';
export { incremental, type Incremental } from './incremental.ts';
export { limits, type Limits } from './limits.ts';
export { pageSize, pagination, type AnsweredPage, type PageSize, type Pagination } from './pagination.ts';

export const parent = z.strictObject({
  stream: name.describe('the stream whose records are the parents'),
  field: means("field of the parent's record whose value goes into the request as `as`", z.string().min(1).optional()),
  fields: means(
    "further fields of the parent's record for placeholders `{parent.FIELD}`; those in templates need not be named",
    z.array(z.string().min(1)).default([]),
  ),
  changed: means(
    'field of the parent that changes whenever its children may have; only such parents are asked for',
    z.string().min(1).optional(),
  ),
  as: means(
    'name of the `{placeholder}` in the path, or of the parameter, for the value of `field`',
    z.string().min(1).optional(),
  ),
  in: means(
    "where the parent's value goes; with `path`, the path has the placeholder",
    z.enum(['path', 'query', 'header', 'body']).default('path'),
  ),
  batch: means('how many parents one request asks for', z.int().positive().default(1)),
  separator: means('text between the values of several parents', z.string().default(',')),
  include: means(
    "adds the parent's value to each record under this name; of several fields: `{ FIELD: NAME }`",
    include.optional(),
  ),
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
  path: means(
    'appended to `baseUrl`; may hold placeholders; left out only if `source` or `job` reads, or records are pushed',
    z.string().optional(),
  ),
  source: means(
    'code that reads the stream, instead of path, query, bodies, records and pagination',
    source.optional(),
  ),
  method: means('method of the requests', z.enum(methods).default('GET')),
  query: sent.query,
  lists,
  headers: sent.headers,
  auth: means(
    "how its requests are authorized, instead of the partner's `auth`; has limits of its own",
    auth.optional(),
  ),
  body: sent.body,
  form: sent.form,
  text: sent.text,
  contentType: sent.contentType,
  graphql: sent.graphql,
  job: means('for partners that prepare an export first: it is ordered, and read when it is ready', job.optional()),
  records,
  format,
  compression,
  primaryKey: means(
    'the fields that identify a record; never null; required for `disposition: merge`',
    z.array(z.string().min(1)).default([]),
  ),
  version: means(
    'the fields that say which version of a record is newer, the most important first; order of arrival if absent',
    z.array(z.string().min(1)).default([]),
  ),
  pagination: means('how to get the next page', pagination.prefault({ type: 'none' })),
  pageSize: means('how many records to ask for at once; not for `offset` and `page`', pageSize.optional()),
  incremental: means(
    'read only what changed since the last run; everything each time if absent',
    incremental.optional(),
  ),
  slice: means(
    'length of the windows into which the time to read is cut, such as `30d`; needs `incremental.end`',
    durationMs.optional(),
  ),
  parent: means('ask once for each record of another stream, or for several at once', parent.optional()),
  requires: means(
    'records that must be there first, by a name for people; until then a record waits',
    requires.optional(),
  ),
  immutable: means(
    'whether records never change: one with a known key and other content goes to quarantine; false if absent',
    z.boolean().optional(),
  ),
  rules: means('what must be true of the rows, by name: unique values, sums', rules.optional()),
  concurrency: means(
    'how many parents, or slices of time (if records have a version), are read at once, up to 256; measured if absent',
    z.int().min(1).max(256).optional(),
  ),
  times: means(
    'how times are written, by field: a format, a list, or `{ formats, zone, emptyIsNull }`; ISO 8601 if absent',
    times.optional(),
  ),
  schema: means(
    'JSON Schema of a record; each top-level field becomes a column',
    z.union([
      z.custom<z.ZodType>((value) => value instanceof z.ZodType, 'a zod schema (only in a .ts definition)'),
      jsonSchema,
    ]),
  ),
  transforms,
  lane: means('who goes first when quota is short', z.enum(['critical', 'normal', 'backfill']).default('normal')),
  freshness: means(
    'how old the data may be before `syncline status` says LATE, such as `26h`; no promise if absent',
    durationMs.refine((promiseMs) => promiseMs > 0, 'above 0').optional(),
  ),
  disposition: means(
    '`merge`: newest version per key. `append`: every record. `replace`: the new listing instead of the old one',
    z.enum(['merge', 'append', 'replace']).default('merge'),
  ),
  deletes: means(
    'how Syncline learns that records are gone, and what happens to their rows; not noticed if absent',
    deletes.optional(),
  ),
  flatten: means(
    'objects whose fields become columns: `true` for all, or their dotted names; JSON if absent',
    z.union([z.boolean(), z.array(z.string().min(1)).min(1)]).optional(),
  ),
  children,
  onMismatch,
  errorBudget: means(
    'how many records a run may have in quarantine: within both limits it is `partial`, else `failed`',
    z
      .strictObject({
        count: means(
          'the most records in quarantine of a run that is not `failed`',
          z.int().nonnegative().default(100),
        ),
        share: means(
          'the largest share of records in quarantine, 0 to 1, of a run that is not `failed`',
          z.number().min(0).max(1).default(0.01),
        ),
      })
      .prefault({}),
  ),
  fullListing: means(
    'whether each listing is complete, so that its count is compared with that of the last one; false if absent',
    z.boolean().optional(),
  ),
  // RFC 9110 §13
  conditional: means(
    'whether the first page is asked for only if it has changed (`ETag`, `Last-Modified`); only `GET`',
    z.boolean().default(false),
  ),
  polling,
  errors: means(
    "what error answers mean: the first rule that matches wins, before the partner's `errors`",
    z.array(errorRule).default([]),
  ),
  errorsAt: means(
    'path, or list of paths, of errors beside the records; any makes the run `suspect`; `[]` turns it off',
    z.union([z.string().min(1), z.array(z.string().min(1))]).default('errors'),
  ),
  quarantinePayload: means(
    '`keep` the content of records in quarantine, or `withhold` it, so that only its hash stays',
    z.enum(['keep', 'withhold']).default('keep'),
  ),
  table: means("name of the table; the stream's name if absent", name.optional()),
  targets: means(
    "names of targets.yaml that the stream is written to, instead of the partner's list",
    targetNames.optional(),
  ),
  history: means(
    'whether to keep also a table with each version of a record and the time in which it was valid',
    history.optional(),
  ),
  keep: means("how long received data is kept, instead of the partner's `keep`", keep.optional()),
  calls: means("what the call log keeps of its requests, instead of the partner's `calls`", calls.prefault({})),
  push: means(
    'callers may send records of the stream; without `path` it gets its records only this way',
    push.optional(),
  ),
});
export type StreamDefinition = z.output<typeof stream>;
export type StreamInput = z.input<typeof stream>;

export const partner = z.strictObject({
  name: name.describe('the name of its file: lower-case letters, digits and `_`, up to 40, a letter first'),
  baseUrl: means(
    "beginning of the partner's URLs, to which paths are appended; without query or password",
    z.url({ protocol: /^https?$/, error: 'an http(s) URL' }),
  ),
  auth: means('how requests are authorized', auth.prefault({ type: 'none' })),
  headers: means('headers that are sent with every request, by name', z.record(z.string(), z.string()).default({})),
  tls: means('certificates of your own', tls.optional()),
  limits: means('how fast the partner may be asked, by all workers together', limits.prefault({})),
  timeout: means('the longest time of one request, from connecting to the last byte', durationMs.default(30_000)),
  maxBytes: means(
    'the largest answer that is taken, in bytes, also once unpacked',
    z
      .int()
      .positive()
      .default(256 * 1024 * 1024),
  ),
  errors: means(
    'what error answers mean, for all streams: the first rule that matches wins',
    z.array(errorRule).default([]),
  ),
  grant: means(
    "when a worker's turn with a stream ends: after so many requests or so long, whichever comes first",
    z
      .strictObject({
        requests: means('how many requests a turn may make', z.int().positive().default(500)),
        time: means('how long a turn may last', durationMs.default(30_000)),
      })
      .prefault({}),
  ),
  retry: means(
    'how failing calls are repeated: pauses grow from `base` to `cap`, at random so that they spread',
    z
      .strictObject({
        attempts: means('how many calls in a row may fail', z.int().positive().default(8)),
        base: means('the shortest pause', durationMs.default(1000)),
        cap: means('the longest pause', durationMs.default(60_000)),
        total: means('the longest time in all without a page', durationMs.default(3_600_000)),
      })
      .prefault({}),
  ),
  circuit: means(
    'when to stop calling a partner that is down; then one probe at a time is sent until it is back',
    z
      .strictObject({
        window: means(
          'the time in which calls are counted for `share`',
          durationMs.refine((windowMs) => windowMs > 0, 'above 0').default(60_000),
        ),
        minCalls: means('so many calls in the window are needed for `share` to count', z.int().positive().default(10)),
        share: means(
          'calls stop when this share of those in the window failed, above 0 to 1',
          z.number().gt(0).max(1).default(0.5),
        ),
        streak: means('calls stop after so many failures in a row', z.int().positive().default(5)),
        probes: means('all go on after so many good probes in a row', z.int().positive().default(2)),
        retries: means(
          'while calls go on: each failure takes one, and when none is left, retries wait for `retry.cap`',
          z.int().positive().default(10),
        ),
        refund: means('what each success gives back of `retries`, 0 to 1', z.number().min(0).max(1).default(0.1)),
      })
      .prefault({}),
  ),
  schedules,
  reconcile,
  targets: means(
    "names of targets.yaml that its streams are written to, besides the store's own PostgreSQL",
    targetNames.optional(),
  ),
  keep: means(
    'how long received data is kept, for streams that do not set it themselves; for ever if absent',
    keep.optional(),
  ),
  calls: means(
    'what the call log keeps of its requests, for streams that do not set it themselves',
    calls.prefault({}),
  ),
  // W3C Trace Context
  traceparent: means(
    'whether the header `traceparent` is sent, which names the trace a request is part of',
    z.boolean().default(false),
  ),
  webhooks: means('what the partner sends by itself, by the names of the webhooks', webhooks.optional()),
  streams: means(
    'what is read, by the names of the streams',
    z.record(name, stream).refine((streams) => Object.keys(streams).length > 0, 'at least one stream'),
  ),
});
/** A checked definition: defaults filled in, durations in ms. */
export type Partner = z.output<typeof partner>;
export type PartnerInput = z.input<typeof partner>;

/** For `.ts` definitions: `export default definePartner({ … })`. Types only; checking happens when it is loaded. */
export function definePartner(definition: PartnerInput): PartnerInput {
  return definition;
}
