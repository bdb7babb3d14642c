import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { Client } from '@temporalio/client';
import { reportOfSync, startSync } from '../../client/start-sync.ts';
import { wantsTraces } from '../../config/traces-settings.ts';
import { plainNames } from '../../messages/names.ts';
import { readCalls, type CallRow } from '../../store/calls/read-calls.ts';
import { otelSpans } from '../../workers/tracing/otel-spans.ts';
import { openPool } from '../../store/session/open-pool.ts';
import { loadAcme } from '../definitions/partner-files.ts';
import { runSyncline, type Ended } from '../cli/run-syncline.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { freshNamespace } from '../support/fresh-namespace.ts';
import { startOtlpSink, type OtlpSink, type SentSpan } from '../support/otlp-sink.ts';
import { serveAnswers } from '../support/serve-answers.ts';
import { openIngestBench, ordersByPush } from '../support/use-ingest.ts';
import { temporalAddress, testTemporal, uniqueName, type TestTemporal } from '../support/temporal.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.ts';

let folder: TemporaryFolder;
let temporal: TestTemporal;
let database: TestDatabase;
let sink: OtlpSink;
let partner: Awaited<ReturnType<typeof serveAnswers>>;
let worker: WorkerProcess;
let client: Client;
let calls: readonly CallRow[];
let commanded: Ended;
const told = new Map<string, (string | undefined)[]>();
const name = uniqueName('traced');

const things = (path: string): object => ({
  path,
  query: { key: 'canary' },
  records: 'data',
  primaryKey: ['id'],
  schema: { type: 'object', required: ['id'], properties: { id: { type: 'integer' } } },
});

/** A partner that is not to hear of traces, and one that is. */
const definitions = { [name]: { traceparent: false }, [`${name}_told`]: { traceparent: true } };

beforeAll(async () => {
  [folder, temporal, database, sink] = await Promise.all([
    temporaryFolder(),
    testTemporal(),
    freshDatabase(),
    startOtlpSink(),
  ]);
  const seen = new Map<string, number>();
  partner = await serveAnswers(({ pathname }, { headers }) => {
    told.set(pathname, [...(told.get(pathname) ?? []), headers['traceparent'] as string | undefined]);
    seen.set(pathname, (seen.get(pathname) ?? 0) + 1);
    return seen.get(pathname) === 1 ? { status: 500, body: {} } : { body: { data: [{ id: 1 }] } };
  });
  for (const [each, more] of Object.entries(definitions))
    await writeFile(
      join(folder.path, `${each}.yaml`),
      JSON.stringify({
        name: each,
        baseUrl: partner.url,
        retry: { base: '10ms', cap: '20ms' },
        ...more,
        streams: { things: things(`/${each}`) },
      }),
    );
  const namespace = await freshNamespace();
  client = new Client({ connection: temporal.connection, namespace });
  const env = {
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: temporalAddress(),
    TEMPORAL_NAMESPACE: namespace,
    SYNCLINE_PARTNERS_DIR: folder.path,
    OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
    OTEL_SERVICE_NAME: 'syncs',
    OTEL_BSP_SCHEDULE_DELAY: '200',
  };
  worker = startWorkerProcess({
    readyQueue: plainNames.partnerQueue(`${name}_told`),
    env: { ...env, SYNCLINE_WORKFLOW_BUNDLE: process.env['WORKFLOW_BUNDLE'] ?? '' },
  });
  await worker.ready;
  // One is begun by who traces nothing, the other by a person.
  const of = { partner: name, streams: [], window: '2026-11-24', kind: 'manual', generation: 1 } as const;
  const report = await reportOfSync((await startSync(client, of)).handle);
  if ('failure' in report || report.outcome !== 'ok') throw new Error(`the run of ${name} did not end well`);
  commanded = await runSyncline(['sync', `${name}_told`, '--window', '2026-11-24', '--json'], {
    ...env,
    SYNCLINE_HOME: folder.path,
  });
  const pool = openPool(database.url, 2);
  try {
    await eventually(async () => (await readCalls(pool, { limit: 10 })).length === 4);
    await eventually(() => sink.spans().filter((span) => span.name === 'RunWorkflow:syncPartner').length === 2);
    calls = await readCalls(pool, { partner: name, limit: 10 });
  } finally {
    await pool.end();
  }
});
afterAll(async () => {
  await worker?.stop();
  partner?.close();
  await sink?.close();
  await temporal?.close();
  await database?.drop();
  await folder?.remove();
});

/** The names of what a span is part of, itself first. */
function path(spans: readonly SentSpan[], span: SentSpan | undefined): readonly string[] {
  if (span === undefined) return [];
  return [
    span.name,
    ...path(
      spans,
      spans.find(({ spanId }) => spanId === span.parentId),
    ),
  ];
}

describe('with a collector', () => {
  test('requests and transactions are parts of the trace of their run', () => {
    const spans = sink.spans();
    const requests = spans.filter((span) => span.name === `GET ${name}.things`);
    expect(requests.map(({ facts }) => facts['http.response.status_code'])).toEqual([500, 200]);
    const way = [
      'RunActivity:pullStream',
      'StartActivity:pullStream',
      'RunWorkflow:syncStream',
      'StartChildWorkflow:syncStream',
      'RunWorkflow:syncPartner',
    ];
    expect(requests.map((span) => path(spans, span))).toEqual(requests.map(() => [`GET ${name}.things`, ...way]));
    const { traceId } = requests[0] as SentSpan;
    const commits = spans.filter((span) => span.name === 'commit' && span.traceId === traceId);
    expect(commits.map((span) => path(spans, span))).toEqual([['commit', ...way]]);
    expect(commits[0]?.facts).toMatchObject({ pages: 1, records: 1 });
    expect(new Set(spans.map(({ service }) => service))).toEqual(new Set(['syncs']));
  });

  test('calls and lines of the log say which trace they belong to', () => {
    const spans = sink.spans().filter((span) => span.name === `GET ${name}.things`);
    expect(calls.map(({ traceId }) => traceId)).toEqual(spans.map(({ traceId }) => traceId));
    const lines = worker
      .logged()
      .split('\n')
      .filter((line) => line.includes('partner answered'))
      .map((line) => JSON.parse(line) as { partner: string; traceId?: string });
    expect(lines.filter((line) => line.partner === name).map(({ traceId }) => traceId)).toEqual(
      spans.map(({ traceId }) => traceId),
    );
  });

  test('a run that a person has begun is a part of the trace of the command', () => {
    expect(commanded).toMatchObject({ code: 0, stderr: '' });
    const spans = sink.spans();
    const paths = spans.filter((span) => span.name === 'RunWorkflow:syncPartner').map((span) => path(spans, span));
    expect(paths.toSorted((a, b) => a.length - b.length)).toEqual([
      ['RunWorkflow:syncPartner'],
      ['RunWorkflow:syncPartner', 'StartWorkflow:syncPartner', 'syncline sync'],
    ]);
    expect(spans.find((span) => span.name === 'syncline sync')?.facts).toEqual({
      partner: `${name}_told`,
      window: '2026-11-24',
    });
  });

  test('a partner hears of a trace only where its definition wants it', () => {
    expect(told.get(`/${name}`)).toEqual([undefined, undefined]);
    const spans = sink.spans().filter((span) => span.name === `GET ${name}_told.things`);
    expect(told.get(`/${name}_told`)).toEqual(spans.map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`));
  });

  test('each step of the run says in Temporal’s history what it is for', async () => {
    const { events } = await client.workflow.getHandle(`sync/${name}/2026-11-24`).fetchHistory();
    const steps = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: of, userMetadata }) =>
      of === undefined || of === null
        ? []
        : [`${of.activityType?.name}: ${Buffer.from(userMetadata?.summary?.data ?? []).toString()}`],
    );
    expect(steps.toSorted()).toEqual([
      'closeRun: "sums the run up and ends it in the ledger"',
      'planRun: "which streams, and in which order"',
      `tellOfWork: "tells the governor of ${name} that the run begins"`,
      `tellOfWork: "tells the governor of ${name} that the run has ended"`,
    ]);
  });

  test('no value of a request is in a trace', () => {
    expect(sink.text()).toContain('pullStream');
    expect(sink.text()).not.toContain('canary');
  });
});

test('a request that pushes records is a part of its sender’s trace, and its commit a part of it', async () => {
  const exporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  provider.register();
  const bench = await openIngestBench({ orders: ordersByPush() });
  const { url } = await bench.start({ spans: otelSpans(provider.getTracer('test')) });
  const push = async (headers: Readonly<Record<string, string>>): Promise<number> =>
    (
      await fetch(`${url}/v1/acme/orders`, {
        method: 'POST',
        headers: { authorization: 'Bearer caller', 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ id: 'a', v: 1, text: 'canary' }),
      })
    ).status;
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  expect(await push({ traceparent: `00-${traceId}-00f067aa0ba902b7-01` })).toBe(202);
  expect(await push({ traceparent: 'nonsense' })).toBe(202);
  await bench.close();
  const [commit, request, ...others] = exporter.getFinishedSpans();
  expect([commit?.name, request?.name]).toEqual(['commit', 'POST acme.orders']);
  expect(request?.spanContext().traceId).toBe(traceId);
  expect(request?.parentSpanContext?.spanId).toBe('00f067aa0ba902b7');
  expect(commit?.parentSpanContext?.spanId).toBe(request?.spanContext().spanId);
  expect(request?.attributes).toMatchObject({ records: 1 });
  expect(others[1]?.parentSpanContext).toBeUndefined();
  expect(JSON.stringify(exporter.getFinishedSpans().map(({ attributes }) => attributes))).not.toContain('canary');
  await provider.shutdown();
});

test('the example of docs/tracing.md asks for it', async () => {
  const [, yaml = ''] = /^```yaml\n([^]*?)^```$/m.exec(readFileSync('docs/tracing.md', 'utf8')) ?? [];
  expect(await loadAcme(yaml.replace('name: billing', 'name: acme'))).toMatchObject({ traceparent: true });
});

test.each([
  [{}, false],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: '' }, false],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }, true],
  [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c:4318/v1/traces' }, true],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_SDK_DISABLED: 'true' }, false],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_TRACES_EXPORTER: 'none' }, false],
])('of %j traces are wanted: %s', (env, wanted) => {
  expect(wantsTraces(env)).toBe(wanted);
});
