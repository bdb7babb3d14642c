import { afterAll, beforeAll } from '@jest/globals';
import type { Pool } from 'pg';
import { pino } from 'pino';
import type { Failpoint } from '../../core/failpoint.ts';
import { compilePartner } from '../../definitions/compile.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { partner, type StreamInput } from '../../definitions/definition.ts';
import type { Gate } from '../../ingest/gate.ts';
import { startIngest, type Ingest, type IngestOptions } from '../../ingest/start-ingest.ts';
import { plainNames } from '../../messages/names.ts';
import { openPool } from '../../store/session/open-pool.ts';
import { ordersSchema } from './define-stream.ts';
import type { OpenApi } from '../../ingest/openapi/openapi.ts';
import { undescribed } from './described.ts';
import { freshDatabase, type TestDatabase } from './database.ts';

/** A stream `orders` that is only pushed: a key, a version, a text. */
export const ordersByPush = (more: Partial<StreamInput> = {}): StreamInput => ({
  primaryKey: ['id'],
  version: ['v'],
  schema: ordersSchema,
  push: {},
  ...more,
});

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed; the text where it is no JSON. */
  readonly body: unknown;
}

export interface UsedIngest {
  readonly ingest: Ingest;
  readonly pool: Pool;
  readonly database: TestDatabase;
  readonly streams: ReadonlyMap<string, CompiledStream>;
  /** Sends a value as JSON to a stream of `acme`. */
  push(stream: string, value: unknown, headers?: Readonly<Record<string, string>>): Promise<Answered>;
  send(stream: string, body: string | Buffer, headers?: Readonly<Record<string, string>>): Promise<Answered>;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answered>;
  /** Rows of a stream's table, in the order of the columns. */
  rows(stream: string, columns: string): Promise<unknown[][]>;
}

/** Everybody is let in by the name that they show as their key; who calls himself `stranger` may push nothing. */
export const openGate: Gate = {
  admit: ({ authorization }) => {
    const name = /^Bearer ([a-z]+)$/.exec(authorization ?? '')?.[1] ?? 'nobody';
    return Promise.resolve({ name, priority: 1, mayPush: () => name !== 'stranger', headers: {} });
  },
};

export interface IngestBench {
  readonly pool: Pool;
  readonly database: TestDatabase;
  readonly streams: ReadonlyMap<string, CompiledStream>;
  /** One more server on the same database. */
  start(more?: Partial<IngestOptions> & { readonly failpoint?: Failpoint }): Promise<Ingest>;
  close(): Promise<void>;
}

export const compiledOf = (
  streams: Readonly<Record<string, StreamInput>>,
  name = 'acme',
): ReadonlyMap<string, CompiledStream> =>
  compilePartner(partner.parse({ name, baseUrl: 'https://api.acme.example', streams }), plainNames);

export async function openIngestBench(definitions: Readonly<Record<string, StreamInput>>): Promise<IngestBench> {
  const database = await freshDatabase();
  const pool = openPool(database.url);
  const streams = compiledOf(definitions);
  const started: Ingest[] = [];
  return {
    pool,
    database,
    streams,
    start: async (more = {}) => {
      const ingest = await startIngest({
        pool,
        names: plainNames,
        log: pino({ level: 'silent' }),
        failpoint: () => {},
        onLanded: () => {},
        gate: openGate,
        partners: () => Promise.resolve(['acme']),
        streams: (name) => Promise.resolve(name === 'acme' ? streams : undefined),
        address: '127.0.0.1:0',
        ...more,
      });
      started.push(ingest);
      return ingest;
    },
    close: async () => {
      await Promise.all(started.map((ingest) => ingest.close()));
      await pool.end();
      await database.drop();
    },
  };
}

/** A server with these streams of `acme` on a database of the test file's own. */
export function useIngest(
  definitions: Readonly<Record<string, StreamInput>>,
  more: Partial<IngestOptions> = {},
): UsedIngest {
  let bench: IngestBench | undefined;
  let document: Promise<OpenApi> | undefined;
  /** Asks, and holds every answer against GET /openapi.json. */
  const askDescribed = async (path: string, init: Init): Promise<Answered> => {
    document ??= ask(`${used.ingest?.url}/openapi.json`).then(({ body }) => body as OpenApi);
    const answer = await ask(`${used.ingest?.url}${path}`, init);
    const missing = undescribed(await document, { method: init.method ?? 'GET', path }, answer);
    if (missing.length > 0) throw new Error(`GET /openapi.json does not describe this answer: ${missing.join('; ')}`);
    return answer;
  };
  const used: { -readonly [K in keyof UsedIngest]?: UsedIngest[K] } = {
    push: (stream, value, headers) => used.send?.(stream, JSON.stringify(value), headers) as Promise<Answered>,
    send: (stream, body, headers = {}) =>
      askDescribed(`/v1/acme/${stream}`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', authorization: 'Bearer caller', ...headers },
      }),
    get: (path, headers = {}) => askDescribed(path, { headers: { authorization: 'Bearer caller', ...headers } }),
    rows: async (stream, columns) => {
      const { table, schema } = (used as UsedIngest).streams.get(stream) as CompiledStream;
      const { rows } = await (used.pool as Pool).query<unknown[]>({
        rowMode: 'array',
        text: `select ${columns} from "${schema}"."${table}" where _deleted_at is null order by ${columns}`,
      });
      return rows;
    },
  };
  beforeAll(async () => {
    bench = await openIngestBench(definitions);
    Object.assign(used, { pool: bench.pool, database: bench.database, streams: bench.streams });
    used.ingest = await bench.start(more);
  });
  afterAll(async () => bench?.close());
  return used as UsedIngest;
}

interface Init {
  readonly method?: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export async function ask(url: string, init: Init = {}): Promise<Answered> {
  const { method = 'GET', body, headers = {}, signal } = init;
  const answer = await fetch(url, {
    method,
    headers,
    ...(signal === undefined ? {} : { signal }),
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, body: parsedOr(text) };
}

function parsedOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
