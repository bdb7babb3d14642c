import type { Answer, Position } from '../core/page.ts';
import { sliceAt } from '../core/window.ts';
import { createAuthorizer } from '../http/auth.ts';
import { createTokenExchange } from '../http/auth/token-exchange.ts';
import { openConnections } from '../http/connections.ts';
import { createPartnerClient } from '../http/client.ts';
import { redactHeaders, redactUrl } from '../http/redact.ts';
import { sourceOf } from '../sources/source-of.ts';
import { createMemoryTokenStore } from '../http/token-store.ts';
import { explain, InvalidInput } from '../core/errors.ts';
import { DAY } from '../core/duration.ts';
import { noFailpoint } from '../core/failpoint.ts';
import { suggestSchema } from '../definitions/suggest-schema.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import type { Environment } from '../definitions/interpolate.ts';
import type { Partner, ReadSecret } from '../definitions/definition.ts';
import type { TokenStore } from '../core/token-store.ts';
import type { Limiter } from '../limits/permits/limiter.ts';
import { parseJson, valueAt } from '../core/json.ts';
import { writeParent } from '../core/parent-values.ts';
import { parentFields } from '../definitions/mentions.ts';
import type { LineWriter } from '../core/staged.ts';
import { fetchPage } from './pull/fetch-page.ts';
import type { FetchedPage, PageContent } from './pull/page-asked.ts';
import type { FetchDeps } from './pull/send-one.ts';
import { receivedOf, type Received } from '../records/received.ts';
import { markReader } from '../records/read-mark.ts';
import { highMark } from './pull/high-mark.ts';
import { stageRecords } from '../records/stage-records.ts';
import { sampleHints } from './sample-hints.ts';
import { sampleLimits, type SampledLimits } from './sample-limits.ts';

export interface Sample {
  readonly stream: string;
  /** Method and path, without the values of its query. */
  readonly request: string;
  readonly status: number;
  readonly durationMs: number;
  readonly bytes: number;
  readonly records: number;
  readonly hasNext: boolean;
  readonly total: number | null;
  /** What the headers tell of limits and caching. */
  readonly learnt: readonly string[];
  readonly limits: SampledLimits;
  readonly rejected: readonly { readonly path: string; readonly reason: string; readonly count: number }[];
  readonly unknownFields: readonly string[];
  /** What is doubtful although nothing failed. */
  readonly hints: readonly string[];
  /** Samples are the first values that differ; `empty` counts the records without one. */
  readonly columns: readonly {
    readonly name: string;
    readonly type: string;
    readonly samples: readonly string[];
    readonly empty: number;
  }[];
  /** JSON Schema of all that came. */
  readonly suggestedSchema: ReturnType<typeof suggestSchema>;
}

export interface FailedSample {
  readonly stream: string;
  /** null when not even the request could be made. */
  readonly request: string | null;
  readonly error: string;
}

/** Asks a stream for its first page and says what came; nothing is written, no limit of the fleet is touched. */
export async function sampleStream(
  stream: CompiledStream,
  asking: Omit<Asking, 'onRequest'>,
): Promise<Sample | FailedSample> {
  let request: string | null = null;
  try {
    const page = await firstPage(stream, { ...asking, onRequest: (text) => (request = text) });
    return sampleOf(stream, page, request ?? '');
  } catch (error) {
    return { stream: stream.name, request, error: explain(error) };
  }
}

function sampleOf(stream: CompiledStream, page: SampledPage, request: string): Sample {
  const rows: (readonly (string | null)[])[] = [];
  const { records, rejected } = stageRecords(
    { ...stream, definition: { ...stream.definition, onMismatch: 'quarantine' } },
    page.received,
    collecting(rows),
  );
  return {
    stream: stream.name,
    request,
    status: page.answer.status,
    durationMs: page.answer.durationMs,
    bytes: page.answer.bytes,
    records: page.received.length,
    hasNext: page.next.cursor !== null,
    total: page.next.total,
    learnt: learnt(page),
    limits: sampleLimits(page.answer, stream.partner.limits),
    rejected: grouped(rejected),
    unknownFields: unknownFields(stream, page),
    hints: page.skipped
      ? []
      : sampleHints(stream, {
          headers: page.answer.headers,
          body: bodyOf(page.answer),
          received: page.received.length,
          doubt: page.next.doubt,
          receivedNext: page.receivedNext,
          stalled: stalled(stream, page),
          keys: records.map(({ key }) => key),
        }),
    columns: stream.columns.map((column, i) => {
      const values = rows.map((row) => row[i] ?? null).filter((value) => value !== null);
      return {
        name: column.name,
        type: column.type,
        samples: [...new Set(values)].slice(0, SAMPLES).map(shorten),
        empty: records.length - values.length,
      };
    }),
    suggestedSchema: suggestSchema(
      stream.definition,
      page.received.filter(({ fault }) => fault === undefined).map(({ record }) => record),
    ),
  };
}

/** What is no JSON announces no further pages in a way that is known. */
function bodyOf({ text }: Pick<Answer, 'text'>): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** Takes the rows of a sample that nobody will load. */
const collecting = (rows: (readonly (string | null)[])[]): Pick<LineWriter, 'add'> => ({
  add: ({ ordinal, key, version, hash, columns }) => ({ ordinal, key, version, hash, line: rows.push(columns) - 1 }),
});

const now = (): number => Date.now();
const SAMPLES = 3;
const shorten = (text: string): string => (text.length > 32 ? `${text.slice(0, 31)}…` : text);

interface Asking {
  readonly streams: ReadonlyMap<string, CompiledStream>;
  readonly nowMs: number;
  /** For auth functions. */
  readonly secret?: ReadSecret | undefined;
  /** Those that workers use, where a token that is asked for twice would lock them out. */
  readonly tokens?: ((partner: Partner) => TokenStore) | undefined;
  /** Tells of proxies. */
  readonly env?: Environment | undefined;
  readonly onRequest?: (request: string) => void;
}

interface SampledPage extends PageContent, Pick<FetchedPage, 'answer'> {
  readonly received: readonly Received[];
  /** Of page 2, where there is one and it could be read. */
  readonly receivedNext: number | undefined;
}

async function firstPage(
  stream: CompiledStream,
  { streams, nowMs, secret, tokens, env = {}, onRequest }: Asking,
): Promise<SampledPage> {
  const { partner, definition } = stream;
  const connections = openConnections({ tls: partner.tls, env });
  const authorizer = createAuthorizer({
    auth: partner.auth,
    baseUrl: partner.baseUrl,
    tokens: tokens?.(partner) ?? createMemoryTokenStore(),
    exchange: createTokenExchange({ timeoutMs: partner.timeout, connections, now }),
    ...(secret === undefined ? {} : { secret }),
    now,
  });
  const quiet = { info: () => {}, warn: () => {}, debug: () => {} };
  const client = createPartnerClient({ partner, authorizer, connections, log: quiet, now });
  const deps: FetchDeps = {
    client,
    authorizer,
    limiter: noLimiter,
    failpoint: noFailpoint,
    now,
    signal: AbortSignal.timeout(partner.timeout * 2),
    throttledBackoffMs: () => 0,
    onRequest: () => {},
  };
  const range =
    definition.incremental?.initial === undefined
      ? null
      : { from: new Date(definition.incremental.initial).toISOString(), to: new Date(nowMs + DAY).toISOString() };
  try {
    const parents =
      definition.parent === undefined ? [] : await someParents(stream, { streams, nowMs, secret, tokens, env });
    const position: Position = { cursor: null, parents, range: sliceAt(range, undefined, 0) };
    const { method, url } = sourceOf(stream).request(position);
    onRequest?.(`${method} ${redactUrl(url, partner.baseUrl)}`);
    const { answer, read } = await fetchPage(deps, { stream, position, pageNo: 1, ...asked });
    // What is wrong with page 2 a sync says; here it is about a parameter that the partner does not know.
    const countNext = async (cursor: string | null): Promise<number | undefined> =>
      cursor === null
        ? undefined
        : fetchPage(deps, { stream, position: { ...position, cursor }, pageNo: 2, ...asked }).then(
            (next) => next.read().records.length,
            () => undefined,
          );
    const page = read();
    return {
      ...page,
      answer,
      receivedNext: await countNext(page.next.cursor),
      received: receivedOf({
        stream,
        text: answer.text,
        ascii: answer.ascii,
        records: page.records,
        exactAt: page.exactAt,
        texts: page.texts,
        faults: page.faults,
        parents,
      }),
    };
  } finally {
    client.close();
  }
}

async function someParents(stream: CompiledStream, { streams, ...asking }: Asking): Promise<readonly string[]> {
  const { parent } = stream.definition;
  const parentStream = parent === undefined ? undefined : streams.get(parent.stream);
  if (parent === undefined || parentStream === undefined) return [];
  const page = await firstPage(parentStream, { streams, ...asking });
  const fields = parentFields(stream.definition);
  const tuples = page.received
    .map(({ record }) =>
      fields.flatMap((field) => {
        const value = valueAt(record, field);
        return (typeof value === 'string' && value.trim() !== '') || typeof value === 'number' ? [String(value)] : [];
      }),
    )
    .filter((values) => values.length === fields.length);
  if (tuples.length === 0)
    throw new InvalidInput(
      `${stream.name} needs ${fields.join(' and ')} of ${parent.stream}, but its first page has none`,
    );
  return tuples.slice(0, parent.batch).map((values) => writeParent(fields, values));
}

const asked = { known: null, beyond: false, resumed: false, restarts: 0 };

const noLimiter: Limiter = {
  ask: async () => ({ granted: true, release: async () => {} }),
  block: async (waitMs) => new Date(Date.now() + waitMs).toISOString(),
};

const telling = /rate-?limit|limit-info|call-limit|retry-after|quota|total|^etag$|^last-modified$/;

function learnt(page: SampledPage): string[] {
  const headers = redactHeaders(page.answer.headers);
  return Object.keys(page.answer.headers)
    .filter((name) => telling.test(name))
    .map((name) => `${name}: ${headers[name] ?? page.answer.headers[name] ?? ''}`);
}

function grouped(rejected: readonly { readonly path: string; readonly reason: string }[]): Sample['rejected'] {
  const counts = new Map<string, { path: string; reason: string; count: number }>();
  for (const { path, reason } of rejected) {
    const at = counts.get(`${path} ${reason}`);
    if (at === undefined) counts.set(`${path} ${reason}`, { path, reason, count: 1 });
    else at.count += 1;
  }
  return [...counts.values()];
}

function stalled(stream: CompiledStream, { received, answer }: SampledPage): string | undefined {
  const records = received.map(({ record }) => record);
  const reader = markReader(stream);
  if (reader === undefined || records.length === 0 || highMark(stream, records, answer.receivedAtMs) !== null)
    return undefined;
  const first = reader.read(records[0]);
  return 'found' in first ? first.found : 'a time in the future';
}

function unknownFields(stream: CompiledStream, page: SampledPage): string[] {
  const names = new Set<string>();
  for (const { record, fault } of page.received)
    if (fault === undefined && typeof record === 'object' && record !== null)
      for (const name of Object.keys(record)) if (!stream.known.has(name)) names.add(name);
  return [...names];
}
