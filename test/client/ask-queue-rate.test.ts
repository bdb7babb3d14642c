import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { Server, ServerCredentials, status, type Metadata } from '@grpc/grpc-js';
import { temporal } from '@temporalio/proto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { askQueueRate } from '../../client/ask-queue-rate.ts';
import { readQueueRate, setQueueRate } from '../../client/queue-rate.ts';
import { openUnaryCalls, type UnaryCallsAt } from '../../client/unary-call.ts';
import { pausedReason, type QueueRate } from '../../core/queue-rate.ts';
import { testTemporal, uniqueName, type TestTemporal } from '../support/temporal.ts';

const PATIENCE_MS = 20_000;
const PATH = '/temporal.api.workflowservice.v1.WorkflowService/DescribeTaskQueue';

const bytes = (value: Uint8Array): Buffer => Buffer.from(value);

async function ask(
  at: Omit<UnaryCallsAt, 'deadlineMs'>,
  { taskQueue, patienceMs = PATIENCE_MS }: { readonly taskQueue: string; readonly patienceMs?: number },
): Promise<QueueRate> {
  const calls = await openUnaryCalls({ ...at, deadlineMs: Date.now() + patienceMs });
  try {
    return await askQueueRate(calls, { namespace: at.namespace, taskQueue });
  } finally {
    calls.close();
  }
}

describe('of a Temporal server', () => {
  let server: TestTemporal;
  beforeAll(async () => (server = await testTemporal()));
  afterAll(() => server.close());

  test.each<[string, QueueRate | undefined]>([
    ['a queue that nobody has set', undefined],
    ['one that is paused', { rate: 0, reason: pausedReason({ until: '2126-01-01T00:00:00Z', cause: 'answered 429' }) }],
    ['one that a person has set', { rate: 2.5, reason: 'Größe ✓ 漢字' }],
    ['one without a reason', { rate: 1000, reason: undefined }],
  ])('says of %s what its client says', async (_, set) => {
    const { namespace } = server.client.options;
    const of = { workflowService: server.client.workflowService, namespace, taskQueue: uniqueName('queue') };
    if (set !== undefined) await setQueueRate(of, set);
    const said = await readQueueRate(of);
    expect(said.rate).toBe(set?.rate);
    expect(await ask({ address: server.address, namespace }, of)).toEqual(said);
  });
});

describe('of a server that looks at what it gets', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.forceShutdown();
  });

  type Heard = { readonly metadata: Metadata; readonly request: Uint8Array };
  /** Answers the first `refusals` calls with RESOURCE_EXHAUSTED. */
  async function start({ tls = false, refusals = 0 } = {}): Promise<{ address: string; heard: readonly Heard[] }> {
    const server = new Server();
    const heard: Heard[] = [];
    server.addService(
      {
        DescribeTaskQueue: {
          ...{ path: PATH, requestStream: false, responseStream: false },
          ...{
            requestSerialize: bytes,
            requestDeserialize: bytes,
            responseSerialize: bytes,
            responseDeserialize: bytes,
          },
        },
      },
      {
        DescribeTaskQueue: (
          call: { metadata: Metadata; request: Uint8Array },
          answer: (error: object | null, value?: Uint8Array) => void,
        ) => {
          heard.push({ metadata: call.metadata, request: call.request });
          if (heard.length <= refusals) return answer({ code: status.RESOURCE_EXHAUSTED, details: 'too many' });
          const { DescribeTaskQueueResponse } = temporal.api.workflowservice.v1;
          answer(
            null,
            DescribeTaskQueueResponse.encode({
              pollers: [{ identity: 'somebody', ratePerSecond: 3 }],
              config: {
                fairnessKeysRateLimitDefault: { rateLimit: { requestsPerSecond: 9 } },
                queueRateLimit: {
                  metadata: { updateIdentity: 'x', reason: 'slow' },
                  rateLimit: { requestsPerSecond: 7 },
                },
              },
              effectiveRateLimit: { requestsPerSecond: 5 },
            }).finish(),
          );
        },
      },
    );
    servers.push(server);
    const key = readFileSync('test/secrets/tls/server.key');
    const chain = readFileSync('test/secrets/tls/server.pem');
    const credentials = tls
      ? ServerCredentials.createSsl(null, [{ private_key: key, cert_chain: chain }])
      : ServerCredentials.createInsecure();
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', credentials, (error, at) => (error === null ? resolve(at) : reject(error)));
    });
    return { address: `127.0.0.1:${port}`, heard };
  }

  test('asks for the activities of the queue, by TLS, with the key of the API and the headers of the environment', async () => {
    const { address, heard } = await start({ tls: true });
    const connection = {
      tls: { serverRootCACertificate: readFileSync('test/secrets/tls/server.pem') },
      apiKey: 'key-1',
      metadata: { 'x-team': 'data' },
    };
    expect(await ask({ address, namespace: 'ns', connection }, { taskQueue: 'queue' })).toEqual({
      rate: 7,
      reason: 'slow',
    });
    const [{ metadata, request } = { metadata: undefined, request: new Uint8Array() }] = heard;
    expect(metadata?.getMap()).toMatchObject({
      ...{ authorization: 'Bearer key-1', 'temporal-namespace': 'ns', 'x-team': 'data' },
    });
    const { DescribeTaskQueueRequest } = temporal.api.workflowservice.v1;
    expect(DescribeTaskQueueRequest.toObject(DescribeTaskQueueRequest.decode(request))).toEqual({
      ...{ namespace: 'ns', taskQueue: { name: 'queue' }, taskQueueType: 2, reportConfig: true },
    });
  });

  test('asks again where it asks too often', async () => {
    const { address, heard } = await start({ refusals: 2 });
    expect(await ask({ address, namespace: 'ns', connection: {} }, { taskQueue: 'queue' })).toMatchObject({ rate: 7 });
    expect(heard).toHaveLength(3);
  });

  test('trusts no certificate that it does not know', async () => {
    const { address } = await start({ tls: true });
    const at = { address, namespace: 'ns', connection: { tls: true } };
    await expect(ask(at, { taskQueue: 'queue', patienceMs: 300 })).rejects.toThrow(/ready|deadline/i);
  });

  test('gives up where a server takes the connection and says nothing', async () => {
    const taken: Socket[] = [];
    const silent = createServer((socket) => void taken.push(socket)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    try {
      const address = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
      const at = { address, namespace: 'ns', connection: {} };
      await expect(ask(at, { taskQueue: 'queue', patienceMs: 300 })).rejects.toThrow(/ready|deadline/i);
    } finally {
      for (const socket of taken) socket.destroy();
      silent.close();
    }
  });
});
