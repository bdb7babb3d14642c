import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { callerGate } from '../../ingest/caller-gate.ts';
import { Authenticator } from '../../ingest/callers/authenticate.ts';
import { CallerLimiter } from '../../ingest/callers/limiter.ts';
import type { CallerLimits } from '../../core/caller.ts';
import type { Ingest } from '../../ingest/start-ingest.ts';
import { addCaller } from '../../store/callers/change-callers.ts';
import { openPool } from '../../store/session/open-pool.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { ask, openIngestBench, openGate, ordersByPush, type IngestBench } from '../support/use-ingest.ts';

const run = promisify(execFile);
const document = readFileSync(new URL('../../docs/sending.md', import.meta.url), 'utf8');
const SERVER = 'https://push.example.com';

const schema = z.looseObject({
  id: z.string(),
  v: z.int(),
  amount: z.number().optional(),
  order_id: z.string().optional(),
});
let bench: IngestBench;
let ingest: Ingest;
let unavailable: Ingest;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const elsewhere = openPool('postgres://127.0.0.1:1/none');
const keys = new Map<string, string>();
beforeAll(async () => {
  folder = await temporaryFolder();
  bench = await openIngestBench({
    orders: ordersByPush({ schema }),
    salaries: ordersByPush({ schema }),
    refunds: ordersByPush({ schema, requires: { of: { stream: 'orders', by: 'order_id' } } }),
    entries: ordersByPush({
      schema: z.object({ id: z.string(), cents: z.int() }),
      primaryKey: [],
      version: [],
      disposition: 'append',
    }),
  });
  const person = { by: 'ann', reason: 'a test' };
  const terms = { tier: 'normal', addresses: null, certificate: null } as const;
  const scopes = ['orders', 'refunds', 'entries'].map((name) => `acme/${name}`);
  const callers: Readonly<Record<string, Partial<CallerLimits>>> = {
    usual: {},
    slow: { rate: 1 / 60, burst: 2 },
    small: { daily: 5 },
  };
  for (const [id, limits] of Object.entries(callers))
    keys.set(id, await addCaller(bench.pool, { ...terms, scopes, id, limits }, person));
  ingest = await bench.start({
    gate: callerGate({ authenticator: new Authenticator(bench.pool), limiter: new CallerLimiter(bench.pool) }),
  });
  unavailable = await bench.start({ pool: elsewhere, gate: openGate });
});
afterAll(async () => {
  await bench.close();
  await elsewhere.end();
  await folder.remove();
});

const send = (stream: string, key: string, body: string, more: Readonly<Record<string, string>> = {}) =>
  ask(`${ingest.url}/v1/acme/${stream}`, {
    method: 'POST',
    body,
    headers: { authorization: `Bearer ${keys.get(key)}`, 'content-type': 'application/json', ...more },
  });

/** Who asks in a section, where, and what happens before. */
const scenes: Readonly<
  Record<string, { readonly key?: string; readonly at?: () => Ingest; readonly before?: () => Promise<unknown> }>
> = {
  'The first try is still being worked on': {
    before: async () => {
      const key = '5b7c2a90-6e7e-4f27-9c53-1f3e0a7d4c22';
      await send('entries', 'usual', '{"id":"e2","cents":100}', { 'idempotency-key': key });
      await bench.pool.query(
        `update idempotency set status = null, body = null, location = null, lease = gen_random_uuid(), lease_until = now() + interval '9 seconds' where key = $1`,
        [key],
      );
    },
  },
  'At the limit': { key: 'slow', before: () => send('orders', 'slow', '{"id":"o0","v":1}') },
  'Beyond the limit': { key: 'slow' },
  'Near the quota of a day, and beyond it': {
    key: 'small',
    before: () => Promise.all([1, 2, 3, 4].map(() => send('orders', 'small', '{"id":"o0","v":1}'))),
  },
  'The server cannot write': { key: 'none', at: () => unavailable },
};

interface Block {
  readonly section: string;
  readonly command: string;
  readonly answer: string;
}
const blocks = document.split(/^## /m).flatMap((text): Block[] => {
  const section = text.slice(0, text.indexOf('\n'));
  return [...text.matchAll(/^```console\n\$ (.*?)^```$/gms)].map(([, block = '']) => {
    const lines = block.split('\n');
    const end = lines.findIndex((line, i) => i > 0 && !line.startsWith('    '));
    return { section, command: lines.slice(0, end).join('\n'), answer: lines.slice(end).join('\n').trim() };
  });
});

const uuid = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g;
/** What is another one each time. */
const plain = (text: string): string =>
  text
    .replaceAll(uuid, 'UUID')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/\b(t|r)=[1-9]\d*/g, '$1=N')
    .replaceAll(/^retry-after: \d+/gim, 'retry-after: N')
    .replaceAll(/"retry_after_s": ?\d+/g, '"retry_after_s":0');

interface Told {
  readonly status: string;
  readonly headers: readonly string[];
  readonly body: unknown;
}
function toldOf(answer: string): Told {
  const [head = '', ...rest] = plain(answer.replaceAll('\r', '')).split('\n\n');
  const [status = '', ...headers] = head.split('\n');
  const body = rest.join('\n\n').trim();
  return { status, headers, body: body === '' ? '' : JSON.parse(body) };
}

describe('docs/sending.md', () => {
  /** Ids of the document, and what they are here. */
  const ids = new Map<string, string>();
  const begun = new Set<string>();

  test.each(blocks.map((block, i) => [`${block.section} (${i})`, block] as const))(
    '%s',
    async (_, { section, command, answer }) => {
      const { key = 'usual', at = () => ingest, before } = scenes[section] ?? {};
      if (!begun.has(section)) await before?.();
      begun.add(section);
      const here = command
        .replaceAll(SERVER, at().url)
        .replace('curl -i', 'curl -sSi')
        .replaceAll(uuid, (id) => ids.get(id) ?? id);
      const { stdout } = await run('bash', ['-c', here], {
        env: { PATH: process.env['PATH'], KEY: keys.get(key) ?? 'nobody' },
      });
      const got = stdout.replaceAll(at().url, SERVER).replace(/^HTTP\/1.1 100 Continue\r\n\r\n/, '');
      const told = toldOf(answer);
      const known = toldOf(got);
      const [id, idHere] = [answer, got].map((text) => /"id": ?"([^"]+)"/.exec(text)?.[1] ?? '');
      ids.set(id as string, idHere as string);
      expect({ ...known, headers: known.headers.filter((header) => told.headers.includes(header)) }).toEqual(told);
    },
  );

  test('the program in TypeScript says what is shown', async () => {
    const [, program = ''] = /^```ts\n(.*?)^```$/ms.exec(document) ?? [];
    const [, shown] = /^```text\n(.*?)^```$/ms.exec(document) ?? [];
    const file = join(folder.path, 'send.mts');
    const client = new URL('../../public/client.ts', import.meta.url).href;
    await writeFile(file, program.replaceAll(SERVER, ingest.url).replace('syncline/client', client));
    const { stdout } = await run(process.execPath, ['--import', import.meta.resolve('tsx'), file], {
      env: { PATH: process.env['PATH'], KEY: keys.get('usual') },
    });
    expect(stdout).toBe(shown);
  });

  test('the script with curl sends a file once, however often it runs', async () => {
    const [, script = ''] = /^```sh\n(.*?)^```$/ms.exec(document) ?? [];
    const file = join(folder.path, 'send.sh');
    const records = join(folder.path, 'entries.ndjson');
    await writeFile(file, script.replaceAll(SERVER, ingest.url));
    await writeFile(records, '{"id":"f1","cents":1}\n{"id":"f2","cents":2}\n');
    const env = { PATH: process.env['PATH'], KEY: keys.get('usual') };
    const answers: string[] = [];
    for (let i = 0; i < 2; i++) answers.push((await run('sh', [file, records, 'acme/entries'], { env })).stdout);
    expect(answers[0]).toContain('"accepted":2');
    expect(answers[1]).toBe(answers[0]);
    const { rows } = await bench.pool.query(`select id from acme.entries where id like 'f%'`);
    expect(rows).toHaveLength(2);
  });
});
