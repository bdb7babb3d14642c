import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { gzipSync } from 'node:zlib';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readRecordings, startReplay } from '../../public/testing.ts';
import { startSimulator, type Simulator } from '../../simulator/start.ts';
import { killSyncline, runSyncline } from '../cli/run-syncline.ts';
import { serve } from '../http/support/local-server.ts';
import { eventually } from '../support/eventually.ts';
import { long } from '../support/long.ts';

const document = readFileSync(new URL('../../docs/chaos.md', import.meta.url), 'utf8');
const [, definition = ''] = /^```yaml\n(.*?)^```$/ms.exec(document) ?? [];
const TOKEN = 'a-token-nobody-may-see';

const dir = mkdtempSync(join(tmpdir(), 'syncline-chaos-'));
const env = { SYNCLINE_HOME: join(dir, 'home'), SYNCLINE_PARTNERS_DIR: join(dir, 'partners') };
const recordings = join(dir, 'recordings');
let partner: Simulator;
beforeAll(async () => {
  await mkdir(env.SYNCLINE_PARTNERS_DIR, { recursive: true });
  writeFileSync(join(env.SYNCLINE_PARTNERS_DIR, 'acme.yaml'), definition);
  partner = await startSimulator({ payments: 400, customers: 50, auth: { type: 'bearer', token: TOKEN } });
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** By a definition with a change; it has no credentials. */
async function chaos(
  args: readonly string[],
  change: readonly [from: RegExp, to: string] = [/$/, ''],
): Promise<{ code: number; text: string }> {
  const partners = mkdtempSync(join(dir, 'changed-'));
  writeFileSync(join(partners, 'acme.yaml'), definition.replace(...change));
  const { code, stdout, stderr } = await runSyncline(['chaos', 'acme', '--from', recordings, ...args], {
    ...env,
    SYNCLINE_PARTNERS_DIR: partners,
  });
  return { code, text: stdout + stderr };
}

test('a partner is recorded without its secret, and played', async () => {
  const recorded = await runSyncline(['partners', 'record', 'acme', '--out', recordings], {
    ...env,
    ACME_URL: partner.url,
    ACME_TOKEN: TOKEN,
  });
  await partner.close();
  expect(recorded).toMatchObject({ code: 0, stdout: expect.stringMatching(/payments +8 +400 +yes +description/) });
  const text = readFileSync(join(recordings, 'acme', 'payments.json'), 'utf8');
  expect(text).not.toContain(TOKEN);
  expect(text).not.toContain(partner.url);
  expect(text).toContain('"complete": true');

  const replay = await startReplay(await readRecordings(recordings, 'acme'));
  const answer = (await (await fetch(`${replay.origin}/v1/payments?limit=50`)).json()) as { data: unknown[] };
  expect(answer.data).toHaveLength(50);
  await replay.close();
});

test('an export job is recorded only by its name, without its address', async () => {
  const [partners, kept] = ['jobs-', 'kept-'].map((name) => mkdtempSync(join(dir, name))) as [string, string];
  const server = await serve((request, response) => {
    const body = ({ POST: { id: 'job-1' } } as Record<string, object>)[request.method ?? ''] ?? {
      state: 'done',
      url: '/files/1?sig=a-canary',
    };
    response.end(request.url?.startsWith('/files') === true ? '{"id":"r1"}\n' : JSON.stringify(body));
  });
  writeFileSync(
    join(partners, 'acme.yaml'),
    `name: acme\nbaseUrl: ${server.url}\nstreams:
  exports:
    format: ndjson
    primaryKey: [id]
    job: { create: { path: jobs, id: id }, poll: { path: 'jobs/{job}', status: state, done: [done] }, files: url }
    schema: { type: object, properties: { id: { type: string } } }
  rows: { path: rows, format: ndjson, primaryKey: [id], schema: { type: object, properties: { id: { type: string } } } }
`,
  );
  const own = { ...env, SYNCLINE_PARTNERS_DIR: partners };
  const args = ['partners', 'record', 'acme', '--out', kept];
  const all = await runSyncline(args, own);
  expect(all).toMatchObject({ code: 0, stdout: expect.stringContaining('exports: not recorded, since that orders') });
  expect(await readdir(join(kept, 'acme'))).toEqual(['rows.json']);
  const named = await runSyncline([...args, '--stream', 'exports'], own);
  await server.close();
  expect(named).toMatchObject({ code: 0, stdout: expect.stringMatching(/exports +3 +1 +yes/) });
  expect(readFileSync(join(kept, 'acme', 'exports.json'), 'utf8')).not.toContain('a-canary');
});

test('a definition with a wrong key is found out, by a seed that finds it again', async () => {
  const { code, text } = await chaos(
    ['--rounds', '1', '--seed', '7'],
    [/primaryKey: \[id\]/, 'primaryKey: [amount_minor]'],
  );
  const [said = ''] = /\| `primaryKey: \[amount_minor\]` +\| (.*?) +\|/.exec(document)?.slice(1) ?? [];
  expect(text).toContain(said);
  expect(text).toMatch(/Once more the same: \S* ?syncline chaos acme --seed 7$/m);
  expect(code).toBe(1);
});

const fields =
  '{ type: object, required: [id, at], properties: { id: { type: string }, at: { type: string, format: date-time }, note: { type: [string, "null"] } } }';

test('what cannot be tried is refused with what to do', async () => {
  expect(await chaos(['--rounds', 'none'])).toMatchObject({ code: 2, text: expect.stringContaining('--rounds') });
  expect(await chaos(['--records', '5'])).toMatchObject({ code: 2, text: expect.stringContaining('add --generate') });
  const nothing = await chaos(['--generate'], [/records: data/, 'records: { path: data, byKey: id }']);
  expect(nothing).toMatchObject({ code: 2, text: expect.stringContaining('no answers can be generated for acme') });
  const none = await runSyncline(['chaos', 'acme', '--from', dir], env);
  expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('syncline partners record acme') });
});

const LONG_MS = 600_000;

/** Processes that have the folder in their environment or arguments. */
async function processesOf(folder: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const texts = pids.map(async (pid) => {
    const of = ['environ', 'cmdline'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => ''));
    return (await Promise.all(of)).join('').includes(folder) ? [pid] : [];
  });
  return (await Promise.all(texts)).flat();
}

(long ? describe : describe.skip)('in full', () => {
  test(
    'mistakes are found in CSV, NDJSON and export jobs, and right definitions of them pass',
    async () => {
      const partners = mkdtempSync(join(dir, 'formats-'));
      const right = `
  orders:
    path: orders
    format: { type: csv, delimiter: ';', skipLines: 1, nulls: [''], encoding: windows-1252 }
    compression: { type: zip, files: 'orders-*.csv' }
    primaryKey: [id]
    version: [at]
    pagination: { type: token, from: header, token: X-Next, as: after }
    schema: ${fields}
  exports:
    format: ndjson
    compression: gzip
    primaryKey: [id]
    job:
      create: { path: exports, body: { of: orders }, id: id }
      poll: { path: 'exports/{job}', status: state, done: [ready], failed: [broken], expired: [gone], total: count }
      files: files.*.url
    schema: ${fields}
  copies:
    path: copies
    format: { type: csv, columns: [id, at, note], nulls: [''] }
    disposition: append
    schema: ${fields}
  ends:
    path: ends
    format: ndjson
    records: { missing: empty }
    primaryKey: [id]
    pagination: { type: keyset, field: at, as: after }
    schema: ${fields}
`;
      writeFileSync(
        join(partners, 'acme.yaml'),
        `name: acme\nbaseUrl: http://partner.invalid\nlimits: { rate: 500, per: 1s }\nstreams:${right}`,
      );
      const args = ['chaos', 'acme', '--generate', '--records', '40', '--rounds', '1', '--seed', '12', '--kills', '0'];
      const { code, stdout, stderr } = await runSyncline(args, { ...env, SYNCLINE_PARTNERS_DIR: partners });
      const text = stdout + stderr;
      const findings = text.split('\n').filter((line) => line.includes('✗'));
      expect(text).toContain('orders ok 40, exports ok 40, copies ok 40');
      expect(findings.filter((line) => /orders|exports/.test(line))).toEqual([]);
      // No key, and a place to go on from that several records share.
      expect(text).toContain('copies: the same sync again wrote 40 rows');
      expect(text).toMatch(/ends: 40 different records were generated, and the table has 3\d rows/);
      expect(code).toBe(1);
    },
    LONG_MS,
  );

  test(
    'a command that is killed leaves no process behind',
    async () => {
      const home = join(dir, 'killed');
      await killSyncline(['chaos', 'acme', '--from', recordings], {
        env: { ...env, SYNCLINE_HOME: home },
        // Servers, and the worker, which has the folder of its definitions.
        when: async () => (await processesOf('/partners')).length > 1 && (await processesOf(home)).length > 3,
      });
      expect(await eventually(async () => (await processesOf(home)).length === 0, 30_000)).toBe(true);
    },
    LONG_MS,
  );

  test(
    'a right definition passes',
    async () => {
      const { code, text } = await chaos(['--rounds', '8', '--seed', '7', '--kills', '2']);
      expect(text).toContain('All held');
      expect(code).toBe(0);
    },
    LONG_MS,
  );

  test(
    'without a recording a right stream passes, mistakes that such answers can show are found, and the rest is named',
    async () => {
      const partners = mkdtempSync(join(dir, 'generated-'));
      const schema =
        '{ type: object, required: [id], properties: { id: { type: string }, at: { type: string, format: date-time } } }';
      const streams = [
        '  logs:',
        '    path: logs',
        '    records: data',
        '    primaryKey: [id]',
        '    pagination: { type: keyset, field: at, as: after }',
        `    schema: ${schema}`,
        '  copies:',
        '    path: copies',
        '    disposition: append',
        `    schema: ${schema}`,
        '  files:',
        '    path: files',
        '    records: { byKey: id }',
        '    primaryKey: [id]',
        `    schema: ${schema}`,
      ];
      writeFileSync(join(partners, 'acme.yaml'), `${definition}${streams.join('\n')}\n`);
      const { code, stdout, stderr } = await runSyncline(
        ['chaos', 'acme', '--generate', '--records', '100', '--rounds', '2', '--seed', '7'],
        { ...env, SYNCLINE_PARTNERS_DIR: partners },
      );
      const text = stdout + stderr;
      const [said = ''] = /says, for example: `(.*?)`/.exec(document)?.slice(1) ?? [];
      expect(text).toContain(said);
      expect(text).toContain('copies: the same sync again wrote 100 rows');
      expect(text).not.toContain('✗ payments');
      expect(text.match(/payments ok 100/g)).toHaveLength(3);
      expect(text).toContain('files is left out: its records are made from the answer');
      expect(text).toMatch(/Once more the same: .*chaos acme --seed 7 --generate --records 100$/m);
      expect(code).toBe(1);
      expect(await readdir(env.SYNCLINE_HOME)).not.toContainEqual(expect.stringContaining('generated'));
    },
    LONG_MS,
  );

  test(
    'what code reads is tried with a recording, and so is a CSV in a file',
    async () => {
      const [partners, kept] = ['code-', 'kept-'].map((name) => mkdtempSync(join(dir, name))) as [string, string];
      const server = await serve((request, response) => {
        const url = new URL(request.url ?? '/', 'http://x');
        const from = Number(url.searchParams.get('from') ?? 0);
        const lines = Array.from(
          { length: Math.max(0, Math.min(50, 120 - from)) },
          (_, i) => `${url.pathname.slice(1)}${from + i};Zoë ${i}`,
        );
        response.setHeader('content-type', 'text/csv; charset=windows-1252');
        response.end(gzipSync(Buffer.from(['id;name', ...lines].join('\n'), 'latin1')));
      });
      // oxlint-disable no-template-curly-in-string -- the file has a template
      writeFileSync(
        join(partners, 'acme.ts'),
        [
          'const source = {',
          "  partitions: ['north', 'south'],",
          "  compression: { type: 'gzip' },",
          '  request: ({ cursor, parents: [region] }) =>',
          "    ({ method: 'GET', url: `/${region}?from=${cursor ?? 0}`, headers: {}, body: undefined }),",
          '  read: ({ files }, { cursor }) => {',
          "    const [, ...lines] = new TextDecoder('latin1').decode(files[0]).split('\\n');",
          "    const records = lines.map((line) => ({ id: line.split(';')[0], name: line.split(';')[1] }));",
          '    const next = lines.length === 0 ? null : String(Number(cursor ?? 0) + lines.length);',
          '    return { records, next: { cursor: next, total: null } };',
          '  },',
          '};',
          "const schema = { type: 'object', required: ['id'], properties: { id: { type: 'string' }, name: { type: 'string' } } };",
          "const csv = { path: '/east', format: { type: 'csv', delimiter: ';', encoding: 'windows-1252' }, compression: 'gzip' };",
          "const pagination = { type: 'offset', as: 'from', limit: 50 };",
          "export default { name: 'acme', baseUrl: '${ACME_URL}', limits: { rate: 200, per: '1s' }, streams: {",
          "  lines: { source, primaryKey: ['id'], schema }, rows: { ...csv, pagination, primaryKey: ['id'], schema } } };",
        ].join('\n'),
      );
      // oxlint-enable no-template-curly-in-string
      const own = { ...env, SYNCLINE_PARTNERS_DIR: partners, ACME_URL: server.url };
      const recorded = await runSyncline(['partners', 'record', 'acme', '--out', kept, '--as-is'], own);
      await server.close();
      expect(recorded).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/lines +8 +240 +yes[^]*rows +4 +120 +yes/),
      });
      const tried = await runSyncline(['chaos', 'acme', '--from', kept, '--rounds', '3', '--seed', '7'], own);
      expect(tried.stdout).toContain('lines ok 240, rows ok 120');
      expect(tried).toMatchObject({ code: 0, stdout: expect.stringContaining('All held') });
      const made = await runSyncline(['chaos', 'acme', '--generate', '--rounds', '1', '--records', '20'], own);
      expect(made.stdout).toContain('lines is left out: code reads it (source), so only that code knows what it asks');
      expect(made).toMatchObject({ code: 0, stdout: expect.stringContaining('rows ok 20') });
    },
    LONG_MS,
  );

  test.each<[string, readonly [RegExp, string], RegExp]>([
    [
      'a wrong parameter of pages',
      [/as: cursor/, 'as: page_token'],
      /ends suspect without any fault: the partner names/,
    ],
    ['no pagination', [/pagination: .*/, 'pagination: { type: none }'], /the answer's field "has_more" announces/],
    [
      'no key',
      [/primaryKey.*\n.*version.*\n/, 'disposition: append\n'],
      /the same sync again wrote 400 rows, although nothing had changed/,
    ],
  ])(
    '%s is found out',
    async (_what, change, expected) => {
      const { code, text } = await chaos(['--rounds', '2', '--seed', '7'], change);
      expect(text).toMatch(expected);
      expect(code).toBe(1);
    },
    LONG_MS,
  );
});
