import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { codec } from '../../cli/commands/codec.ts';
import { startCodecServer } from '../../client/codec-server.ts';
import { encrypting } from '../../client/payload-codec.ts';
import { workflowFacts } from '../../client/workflow-facts.ts';
import { readConfig } from '../../config/config.ts';
import { InvalidInput } from '../../core/errors.ts';
import { resolveTemporalCli } from '../../services/temporal-cli.ts';
import { cacheDir } from '../support/cache-dir.ts';
import { eventually } from '../support/eventually.ts';
import { openPullBench, type BenchPartner, type PullBench } from '../support/pull-bench.ts';
import { said } from '../support/said.ts';
import { payments } from '../support/simulator-streams.ts';
import { workflowSource } from '../../workers/workflow-source.ts';
import { temporalAddress } from '../support/temporal.ts';

const KEYS = `k1:${Buffer.alloc(32, 1).toString('base64')}`;
/** What the workflow says of its failure, and what it was started with. */
const SECRETS = ['answered 404', '"generation"'];

let bench: PullBench;
let failed: BenchPartner;
let cli: string;
beforeAll(async () => {
  bench = await openPullBench({ SYNCLINE_PAYLOAD_KEYS: KEYS });
  cli = await resolveTemporalCli({ cacheDir: cacheDir(), pathEnv: process.env['PATH'] ?? '', log: () => {} });
  failed = await bench.partner({ streams: { payments: { ...payments, path: '/nowhere' } } });
});
afterAll(() => bench.close());

async function temporal(words: readonly string[]): Promise<string> {
  const env = { TEMPORAL_ADDRESS: temporalAddress(), TEMPORAL_NAMESPACE: bench.namespace };
  const { stdout } = await promisify(execFile)(cli, words, { env: { ...process.env, ...env } });
  return stdout;
}

/** With all that is only in base64 beside it. */
const seen = (text: string): string =>
  [text, ...[...text.matchAll(/[A-Za-z0-9+/=]{8,}/g)].map(([each]) => Buffer.from(each, 'base64').toString())].join(
    '\n',
  );

describe('a run that failed, with payload keys', () => {
  test('says why to those who have the keys, and to nobody else', async () => {
    expect(await failed.sync()).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('answered 404') });
    for (const workflow of ['', 'payments/']) {
      const id = `sync/${failed.name}/${workflow}2026-11-25`;
      const history = seen(await temporal(['workflow', 'show', '--output', 'json', '--workflow-id', id]));
      expect(history).toContain('Encoded failure');
      for (const secret of SECRETS) expect(history).not.toContain(secret);
    }
  });

  test('is read by the commands of docs/secrets.md', async () => {
    const document = await readFile(new URL('../../docs/secrets.md', import.meta.url), 'utf8');
    const line = (start: string): string => new RegExp(`^${start} .*$`, 'm').exec(document)?.[0] ?? 'there is none';
    const running = await startCodec(line('syncline codec').split(' ').slice(1));
    try {
      for (const command of ['temporal workflow describe', 'temporal workflow show']) {
        const words = line(command)
          .replace('http://127.0.0.1:8088', running.url)
          .replace('sync/acme/2026-11-24', `sync/${failed.name}/2026-11-25`);
        const told = await temporal(words.split(' ').slice(1));
        expect(told).toContain('answered 404');
        // The summary, which no id holds in this form.
        expect(told).toContain(`${failed.name} 2026-11-25`);
      }
      const asked = { method: 'POST', body: '{"payloads":[]}' };
      const from = (Origin: string): Promise<Response> =>
        fetch(`${running.url}/decode`, { ...asked, headers: { Origin } });
      expect((await from('https://temporal.example')).status).toBe(200);
      expect((await from('https://other.example')).status).toBe(403);
    } finally {
      expect(await running.stop()).toBe(0);
    }
    expect(running.said()).toContain('Refused: pages of https://other.example may not ask');
  });
});

test.each(['syncPartner.partial', 'syncStream.failed', 'syncStream.retried'])(
  'a run from before there were keys goes on with workflows that seal: %s',
  async (name) => {
    const history = await readFile(new URL(`../histories/${name}.json`, import.meta.url), 'utf8');
    const source = workflowSource({ bundlePath: process.env['WORKFLOW_BUNDLE'], sealed: true });
    await expect(Worker.runReplayHistory(source, JSON.parse(history))).resolves.toBeUndefined();
  },
);

test('the temporal CLI shows a codec server its token', async () => {
  const token = 'a token of many letters';
  const opening = encrypting(bench.config.payloadKeys);
  const server = await startCodecServer({ address: '127.0.0.1:0', codec: opening, origins: [], token });
  try {
    const words = ['workflow', 'describe', '--workflow-id', `sync/${failed.name}/2026-11-25`];
    const endpoint = ['--codec-endpoint', server.url];
    expect(await temporal([...words, ...endpoint, '--codec-auth', `Bearer ${token}`])).toContain(
      `${failed.name} 2026-11-25`,
    );
  } finally {
    await server.close();
  }
});

test('what a grant failed of is told to those who have the key; others learn that they lack it', async () => {
  const partner = await bench.partner({
    simulator: { faults: [{ kind: 'status', status: 500, stream: 'payments' }] },
    streams: { payments },
    partner: { retry: { attempts: 50, base: '1s', cap: '1s' } },
  });
  const { handle } = await partner.start();
  const { connection } = bench.client;
  const told = async (client: Client): Promise<string> =>
    (await workflowFacts(client, `sync/${partner.name}/payments/2026-11-25`)).grant?.lastFailure ?? '';
  expect(await eventually(async () => (await told(bench.client)).includes('answered 500'))).toBe(true);
  expect(await told(new Client({ connection, namespace: bench.namespace }))).toBe(
    'a failure that is sealed with a key which SYNCLINE_PAYLOAD_KEYS lacks here',
  );
  await handle.cancel();
  await handle.result().catch(() => {});
});

test.each([
  ['the address 0.0.0.0:0', { address: '0.0.0.0:0' }, KEYS, '--address: 0.0.0.0:0 can be reached from other machines'],
  ['no port', { address: '127.0.0.1' }, KEYS, '--address: expected host:port, found 127.0.0.1'],
  ['a port that is none', { address: '127.0.0.1:70000' }, KEYS, 'write it as 127.0.0.1:8088'],
  ['any origin', { allowOrigin: ['*'] }, KEYS, '--allow-origin: expected the origin of the Temporal UI'],
  ['an origin with a path', { allowOrigin: ['https://a.example/path'] }, KEYS, 'leave out paths'],
  ['no keys', {}, '', 'SYNCLINE_PAYLOAD_KEYS is not set'],
])('a codec server with %s does not start', async (_, options, keys, says) => {
  const config = readConfig({ SYNCLINE_PAYLOAD_KEYS: keys });
  const asked = { address: '127.0.0.1:0', allowOrigin: [], ...options };
  const failure = await said(config, asked, codec).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(InvalidInput);
  expect(String(failure)).toContain(says);
});

/** `syncline codec` as a process, on a free port. */
async function startCodec(
  words: readonly string[],
): Promise<{ readonly url: string; said(): string; stop(): Promise<number | null> }> {
  const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
  const child = spawn(process.execPath, [main, ...words, '--address', '127.0.0.1:0'], {
    env: { PATH: process.env['PATH'], SYNCLINE_PAYLOAD_KEYS: KEYS },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      const at = /http:\S+/.exec(line)?.[0];
      if (at !== undefined) resolve(at);
    });
    child.once('exit', () => reject(new Error(`the codec server ended: ${lines.join('\n')}`)));
  });
  return {
    url,
    said: () => lines.join('\n'),
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      return child.exitCode;
    },
  };
}
