import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readRecordings, startReplay } from '../../public/testing.ts';
import { startSimulator, type Simulator } from '../../simulator/start.ts';
import { killSyncline, runSyncline } from '../cli/run-syncline.ts';
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
        '    format: csv',
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
      expect(text).toContain('files is left out: its answers are csv, and only JSON is generated.');
      expect(text).toMatch(/Once more the same: .*chaos acme --seed 7 --generate --records 100$/m);
      expect(code).toBe(1);
      expect(await readdir(env.SYNCLINE_HOME)).not.toContainEqual(expect.stringContaining('generated'));
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
