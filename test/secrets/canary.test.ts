import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from '@temporalio/client';
import type { RunReport } from '../../messages/sync-partner.ts';
import { reportOfSync, startSync } from '../../client/start-sync.ts';
import { plainNames } from '../../messages/names.ts';
import { freePort } from '../../services/free-port.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { freshNamespace } from '../support/fresh-namespace.ts';
import { long } from '../support/long.ts';
import { startOtlpSink, type OtlpSink } from '../support/otlp-sink.ts';
import { temporalAddress, testTemporal, type TestTemporal } from '../support/temporal.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.ts';
import { canariesIn, canary } from './canary.ts';
import { startEchoingPartner, type EchoingPartner } from './echoing-partner.ts';

const secrets = {
  BEARER: canary('bearer'),
  HEADER_KEY: canary('headerKey'),
  QUERY_KEY: canary('queryKey'),
  PASSWORD: canary('basic'),
  CLIENT_SECRET: canary('client'),
  CLIENT_SECRET_2: canary('client2'),
  REFRESH: canary('refresh'),
  HMAC: canary('hmac'),
  FUNCTION: canary('function'),
  LOGIN: canary('login'),
  SESSION: canary('session'),
  LOGIN_QUERY: canary('loginQuery'),
  SIGNING: canary('jwt'),
  AWS: canary('aws'),
  AWS_SESSION: canary('awsSession'),
  PREPARED: canary('prepared'),
  TENANT: canary('tenant'),
};

/** Every kind, as a definition writes it; `$URL` is the partner's. */
const auths: Readonly<Record<string, string>> = {
  bearer: `{ type: 'bearer', token: '\${BEARER}' }`,
  headerKey: `{ type: 'apiKey', in: 'header', name: 'X-Api-Key', key: '\${HEADER_KEY}' }`,
  queryKey: `{ type: 'apiKey', in: 'query', name: 'api_key', key: '\${QUERY_KEY}' }`,
  basic: `{ type: 'basic', username: 'me', password: '\${PASSWORD}' }`,
  clientCredentials: `{ type: 'oauth2', grant: 'client_credentials', tokenUrl: '$URL/clientCredentials/oauth', clientId: 'me', clientSecret: '\${CLIENT_SECRET}' }`,
  refreshToken: `{ type: 'oauth2', grant: 'refresh_token', tokenUrl: '$URL/refreshToken/oauth', clientId: 'me', clientSecret: '\${CLIENT_SECRET_2}', clientAuth: 'body', refreshToken: '\${REFRESH}' }`,
  hmac: `{ type: 'hmac', secret: '\${HMAC}', header: 'X-Signature' }`,
  login: `{ type: 'login', url: '/oauth', credentials: { username: 'me', inner: { password: '\${LOGIN}' } }, token: 'access_token', expiresIn: 'expires_in' }`,
  session: `{ type: 'login', url: '$URL/session/oauth', as: 'form', credentials: { username: 'me', pin: '\${SESSION}' }, token: { cookie: 'sid' }, use: { in: 'cookie' } }`,
  loginQuery: `{ type: 'login', url: '/oauth', method: 'GET', as: 'query', credentials: { api_key: '\${LOGIN_QUERY}' }, token: 'access_token', use: { in: 'query', name: 'access_token' } }`,
  jwt: `{ type: 'jwt', algorithm: 'HS256', key: '\${SIGNING}', claims: { iss: 'me' }, exchange: { url: '$URL/jwt/oauth' } }`,
  aws: `{ type: 'awsSigv4', accessKeyId: 'AKID', secretAccessKey: '\${AWS}', sessionToken: '\${AWS_SESSION}', region: 'eu-west-1', service: 'execute-api' }`,
  prepared: `{
    type: 'function',
    prepare: async ({ cache, send, secret }) => {
      if (cache.get('token') !== undefined) return;
      const body = JSON.stringify({ pin: await secret('PREPARED') });
      const { text } = await send({ method: 'POST', url: '$URL/prepared/oauth', headers: {}, body });
      cache.set('token', JSON.parse(text).access_token, { ttl: '1h' });
    },
    authorize: (request, now, secret, cache) => ({ ...request, headers: { ...request.headers, 'x-api-key': cache.get('token') } }),
  }`,
  function: `async (request, now, secret) => ({ ...request, headers: { ...request.headers, 'x-api-key': await secret('FUNCTION') } })`,
};
const names = Object.keys(auths);

const listings: Readonly<Record<string, string>> = {
  query: `pagination: { type: 'token', token: 'next', as: 'cursor' }, conditional: true`,
  header: `pagination: { type: 'token', from: 'header', token: 'X-Next', in: 'header', as: 'X-Cursor' }`,
  body: `pagination: { type: 'token', token: 'next', in: 'body', as: 'after' }, method: 'POST'`,
  nextUrl: `pagination: { type: 'nextUrl', path: 'next' }`,
  link: `pagination: { type: 'link' }`,
  function: `pagination: { type: 'function', next: ({ body }) => body.next ?? null, as: 'cursor' }`,
};
const failing: Readonly<Record<string, string>> = {
  refused: `errors: []`,
  garbled: `errors: []`,
  misplaced: `errors: []`,
  abroad: `pagination: { type: 'nextUrl', path: 'next' }`,
};

/** A listing that leads to another host ends in doubt. */
const endsOf: Readonly<Record<string, string>> = {
  refused: 'failed 0',
  garbled: 'failed 0',
  misplaced: 'failed 0',
  abroad: 'suspect 0',
};

const nameOf = (auth: string): string => `echo_${auth.toLowerCase()}`;

/** Their pages are asked for by either worker, a few each time. */
const handedOver = new Set(['bearer', 'clientCredentials', 'function', 'session']);
/** The ways in which runs fail are alike for all of them. */
const failed = new Set(['bearer', 'refreshToken', 'login']);

const kinds = Object.entries(listings);
/** All of them for some; in the short form two for each of the others, and each kind for several of them. */
const listingsOf = (auth: string): typeof listings => {
  const at = names.indexOf(auth) % (kinds.length / 2);
  return Object.fromEntries(long ? kinds : kinds.filter((_, i) => i % (kinds.length / 2) === at));
};

const streamsOf = (auth: string): Readonly<Record<string, string>> =>
  failed.has(auth) ? { ...listings, ...failing } : listingsOf(auth);

const definition = (auth: string, url: string): string => `export default {
  name: '${nameOf(auth)}',
  baseUrl: '${url}/${auth}',
  auth: ${auths[auth]?.replaceAll('$URL', url)},
  headers: { 'X-Tenant': '\${TENANT}' },
  limits: { rate: 1000, burst: 100 },
  grant: { requests: ${handedOver.has(auth) ? 2 : 500} },
  retry: { attempts: 2, base: '10ms', cap: '20ms' },
  circuit: { minCalls: 1000, streak: 1000 },
  calls: { excerpt: true },
  streams: {
${Object.entries(streamsOf(auth))
  .map(
    ([name, more]) =>
      `    ${name.toLowerCase()}: { path: '/${name}', records: 'data', primaryKey: ['id'], schema: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } }, ${more} },`,
  )
  .join('\n')}
  },
};
`;

/** Some fifty streams, or ninety, and two processes: seconds, but for a machine that has other work. */
const SCENE_MS = 300_000;

let folder: TemporaryFolder;
let temporal: TestTemporal;
let database: TestDatabase;
let client: Client;
let partner: EchoingPartner;
let workers: readonly WorkerProcess[];
let reports: readonly RunReport[];
let exported: string;
let collector: OtlpSink;

beforeAll(async () => {
  [folder, temporal, database, partner] = await Promise.all([
    temporaryFolder(),
    testTemporal(),
    freshDatabase(),
    // What never goes over the wire the partner knows as well.
    startEchoingPartner({
      hmac: [secrets.HMAC],
      function: [secrets.FUNCTION],
      jwt: [secrets.SIGNING],
      aws: [secrets.AWS],
    }),
  ]);
  collector = await startOtlpSink();
  const namespace = await freshNamespace();
  client = new Client({ connection: temporal.connection, namespace });
  await Promise.all(
    names.map((auth) => writeFile(join(folder.path, `${nameOf(auth)}.mjs`), definition(auth, partner.url))),
  );
  const address = `127.0.0.1:${await freePort()}`;
  const start = (env: Readonly<Record<string, string>>): WorkerProcess =>
    startWorkerProcess({
      readyQueue: plainNames.partnerQueue(nameOf(names.at(-1) as string)),
      env: {
        ...secrets,
        DATABASE_URL: database.url,
        TEMPORAL_ADDRESS: temporalAddress(),
        TEMPORAL_NAMESPACE: namespace,
        SYNCLINE_PARTNERS_DIR: folder.path,
        SYNCLINE_WORKFLOW_BUNDLE: process.env['WORKFLOW_BUNDLE'] ?? '',
        SYNCLINE_LOG_LEVEL: 'debug',
        ...env,
      },
    });
  workers = [
    start({ SYNCLINE_METRICS_ADDRESS: address, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }),
    start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }),
  ];
  await Promise.all(workers.map(({ ready }) => ready));
  reports = await Promise.all(names.map(run));
  exported = await (await fetch(`http://${address}/metrics`)).text();
}, SCENE_MS);
afterAll(async () => {
  await Promise.allSettled([...workers.map((worker) => worker.stop()), partner.close(), temporal.close()]);
  await collector.close();
  await database.drop();
  await folder.remove();
});

async function run(auth: string): Promise<RunReport> {
  const of = { partner: nameOf(auth), streams: [], window: '2026-11-24', kind: 'manual', generation: 1 } as const;
  const report = await reportOfSync((await startSync(client, of)).handle);
  if ('failure' in report) throw new Error(report.failure);
  return report;
}

describe('a partner that repeats every secret it is shown', () => {
  test('has repeated those of every kind of auth, and each listing was read to its end', () => {
    for (const auth of names) expect([...(partner.repeated.get(auth) ?? [])]).toContain(secrets.TENANT);
    expect(Math.min(...names.map((auth) => partner.repeated.get(auth)?.size ?? 0))).toBeGreaterThanOrEqual(2);
    const ends = reports.map(({ streams }) =>
      Object.fromEntries(streams.map(({ stream, outcome, counts }) => [stream, `${outcome} ${counts.fetched}`])),
    );
    const expected = names.map((auth) =>
      Object.fromEntries(Object.keys(streamsOf(auth)).map((name) => [name.toLowerCase(), endsOf[name] ?? 'ok 6'])),
    );
    expect(ends).toEqual(expected);
  });

  test('was asked for the pages as it had named them', () => {
    expect(partner.wrong).toEqual([]);
  });

  test('no secret is in any table', async () => {
    const dump = await dumpOf(database);
    expect(dump).toContain('${auth.token');
    expect(dump).toContain('${sealed:auth.token:');
    expect(dump).toContain('found something else or a part of it');
    // The call log is among them, with what was said of refused requests.
    const { rows } = await database.pool.query<{ excerpt: string }>(
      `select distinct excerpt from syncline.calls where path = '/refused' and excerpt is not null`,
    );
    expect(rows.length).toBeGreaterThan(0);
    expect(canariesIn(dump)).toEqual([]);
  });

  test('none is in any history of Temporal', async () => {
    const texts: string[] = [];
    for await (const { workflowId, runId } of client.workflow.list())
      texts.push(textOf(await client.workflow.getHandle(workflowId, runId).fetchHistory()));
    expect(texts.length).toBeGreaterThan(names.flatMap((auth) => Object.keys(streamsOf(auth))).length);
    expect(texts.join('\n')).toContain('found something else or a part of it');
    expect(canariesIn(texts.join('\n'))).toEqual([]);
  });

  test('none is in any line that was logged', () => {
    const logged = workers.map((worker) => worker.logged()).join('\n');
    expect(workers.map((worker) => worker.logged().includes('partner answered'))).toEqual([true, true]);
    expect(canariesIn(logged)).toEqual([]);
  });

  test('none is in any trace', () => {
    expect(collector.text()).toContain('pullStream');
    expect(canariesIn(collector.text())).toEqual([]);
  });

  test('none is in the metrics', () => {
    expect(exported).toContain('syncline_requests_total');
    expect(canariesIn(exported)).toEqual([]);
  });
});

/** Every table of every schema, column by column as text. */
async function dumpOf({ pool }: TestDatabase): Promise<string> {
  const { rows } = await pool.query<{ name: string; columns: string }>(
    `select format('%I.%I', table_schema, table_name) as name, string_agg(format('%I::text', column_name), ', ') as columns
      from information_schema.columns join information_schema.tables using (table_schema, table_name)
      where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE' group by 1`,
  );
  const parts: string[] = [];
  for (const { name, columns } of rows) {
    const { rows: texts } = await pool.query<{ text: string | null }>(
      `select string_agg(concat_ws(' | ', ${columns}), E'\n') as text from ${name}`,
    );
    parts.push(`${name}\n${texts[0]?.text ?? ''}`);
  }
  return parts.join('\n');
}

/** All texts within a history, with those inside its payloads. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (typeof value !== 'object' || value === null) return '';
  return Object.values(value).map(textOf).join('\n');
}
