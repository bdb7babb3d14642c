import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Client } from '@temporalio/client';
import { dataConverterOf } from '../../client/payload-codec.ts';
import { parsePayloadKeys } from '../../config/payload-keys.ts';
import { openPullBench, type BenchPartner, type PullBench } from '../support/pull-bench.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { startRotatingPartner, type RotatingPartner } from './rotating-partner.ts';

const key = (id: string, fill: number): string => `${id}:${Buffer.alloc(32, fill).toString('base64')}`;
const OLD = key('k1', 1);

let folder: TemporaryFolder;
let bench: PullBench;
let server: RotatingPartner;
let partner: BenchPartner;
let file: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  file = join(folder.path, 'token');
  await writeFile(file, 'first\n');
  [bench, server] = await Promise.all([
    openPullBench({ SHOP_TOKEN_FILE: file, SYNCLINE_PAYLOAD_KEYS: OLD }),
    startRotatingPartner(6),
  ]);
  partner = await bench.partner({
    partner: {
      baseUrl: server.url,
      auth: { type: 'bearer', token: '${SHOP_TOKEN}' },
      limits: { rate: 1000, burst: 100, credential: 'shop' },
    },
    streams: {
      items: {
        path: '/items',
        records: 'data',
        primaryKey: ['id'],
        pagination: { type: 'token', token: 'next', as: 'cursor' },
        schema: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } },
      },
    },
  });
});
afterAll(async () => {
  await bench.close();
  await server.close();
  await folder.remove();
});
beforeEach(() => {
  server.tokens.length = 0;
});

/** What the server does when the request for a page comes for the first time. */
const atPage = (steps: Readonly<Record<number, () => Promise<void>>>): void => {
  const done = new Set<number>();
  server.onRequest = async (page) => {
    if (done.has(page)) return;
    done.add(page);
    await steps[page]?.();
  };
};

describe('a secret in a file that changes while workers run', () => {
  test('is seen by the next request, and by the one that was refused', async () => {
    server.valid = new Set(['first', 'second']);
    atPage({
      2: () => writeFile(file, 'second'),
      4: async () => {
        await writeFile(file, 'third');
        server.valid = new Set(['third']);
      },
    });
    expect(await partner.sync()).toMatchObject({ outcome: 'ok', counts: { fetched: 6 } });
    expect(server.tokens).toEqual(['first', 'first', 'second', 'second', 'third', 'third', 'third']);
  });

  test('may be missing or empty for a moment: the last one is used', async () => {
    atPage({ 1: () => rm(file), 3: () => writeFile(file, '') });
    expect(await partner.sync({ generation: 2 })).toMatchObject({ outcome: 'ok' });
    expect(server.tokens).toEqual(Array.from({ length: 6 }, () => 'third'));
  });

  test('ends the run with a word to a person when the partner takes none of them', async () => {
    server.valid = new Set();
    const report = await partner.sync({ generation: 3 });
    expect(report).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('there is no newer one') });
    expect(report.reason).not.toContain('third');
  });
});

describe('payloads in Temporal', () => {
  test('are sealed: no name of a partner or stream in any of them', async () => {
    const text = await histories();
    expect(text).toContain('binary/encrypted');
    expect(text).toContain('k1');
    expect(text).not.toContain(partner.name);
    expect(text).not.toContain('items');
  });

  test('open with an old key behind a new one, and not without it', async () => {
    const { workflowId } = await partner.start({ generation: 2 }).then(({ handle }) => handle);
    const reading = (text: string): Promise<unknown> =>
      new Client({
        connection: bench.client.connection,
        namespace: bench.namespace,
        dataConverter: dataConverterOf(parsePayloadKeys(text) ?? []),
      }).workflow
        .getHandle(workflowId)
        .result();
    expect(await reading(`${key('k2', 2)},${OLD}`)).toMatchObject({ outcome: 'ok' });
    await expect(reading(key('k2', 2))).rejects.toThrow(
      'encrypted with the key "k1", which SYNCLINE_PAYLOAD_KEYS lacks',
    );
    await expect(reading(key('k1', 3))).rejects.toThrow('has another key under this id');
  });
});

async function histories(): Promise<string> {
  const texts: string[] = [];
  for await (const { workflowId, runId } of bench.client.workflow.list())
    texts.push(payloadsOf(await bench.client.workflow.getHandle(workflowId, runId).fetchHistory()));
  return texts.join('\n');
}

/** The texts of all payloads within a history, search attributes excepted: those are for searching. */
function payloadsOf(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value)
    .map(([name, each]) => (name === 'searchAttributes' ? '' : payloadsOf(each)))
    .join('\n');
}
