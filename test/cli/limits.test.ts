import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { CommandContext } from '../../cli/command.ts';
import { limitsReset, limitsSet, limitsShow } from '../../cli/commands/limits.ts';
import { runsShow } from '../../cli/commands/runs-show.ts';
import { status } from '../../cli/commands/status.ts';
import { withDevServices } from '../../cli/context.ts';
import { createOutput } from '../../cli/output.ts';
import { tellWaits } from '../../cli/tell-waits.ts';
import { readConfig } from '../../config/config.ts';
import { InvalidInput } from '../../core/errors.ts';
import { startSimulator, type Simulator } from '../../simulator/start.ts';
import { createLogger } from '../../workers/logger.ts';
import { startWorkers, type RunningWorkers } from '../../workers/sync-worker.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { freshNamespace } from '../support/fresh-namespace.ts';
import { said, type Said } from '../support/said.ts';
import { sideBySide } from '../support/side-by-side.ts';
import { temporalAddress } from '../support/temporal.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { runHere } from './run-here.ts';

const CANARY = 'canary-4711';
const WINDOW = '2026-11-24';
const RUN = `sync/acme/${WINDOW}`;
/** Many, and slow at first: a command takes seconds on a busy machine, and must find the sync running. */
const PAGES = 40;

const acme = `
name: acme
baseUrl: \${ACME_URL}
auth: { type: bearer, token: '\${ACME_TOKEN}' }
limits: { rate: 100, burst: 30, quotas: [{ name: monthly, limit: 1000, per: month }] }
streams:
  payments:
    path: /v1/payments
    query: { limit: 50 }
    records: data
    primaryKey: [id]
    version: [updated_at, sequence]
    pagination: { type: token, token: next_cursor, as: cursor }
    schema:
      type: object
      properties: { id: { type: string }, updated_at: { type: string, format: date-time }, sequence: { type: integer } }
`;
const bare = acme.replace('name: acme', 'name: bare').replace(/^limits:.*\n/m, '');

let simulator: Simulator;
let database: TestDatabase;
let folder: TemporaryFolder;
let workers: RunningWorkers;
let env: Record<string, string>;
beforeAll(async () => {
  const [started, fresh, files, namespace] = await Promise.all([
    startSimulator({ payments: PAGES * 50, latencyMs: 400, auth: { type: 'bearer', token: CANARY } }),
    freshDatabase(),
    temporaryFolder(),
    freshNamespace(),
  ]);
  simulator = started;
  database = fresh;
  folder = files;
  await writeFile(join(folder.path, 'acme.yaml'), acme);
  await writeFile(join(folder.path, 'bare.yaml'), bare);
  env = {
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: temporalAddress(),
    TEMPORAL_NAMESPACE: namespace,
    SYNCLINE_PARTNERS_DIR: folder.path,
    SYNCLINE_HOME: folder.path,
    ACME_URL: simulator.url,
    ACME_TOKEN: CANARY,
  };
  workers = await startWorkers({
    config: readConfig({ ...process.env, ...env, SYNCLINE_WORKFLOW_BUNDLE: process.env['WORKFLOW_BUNDLE'] }),
    log: createLogger('silent'),
    roles: [],
  });
});
afterAll(async () => {
  await workers?.stop();
  await database?.drop();
  await simulator?.close();
  await folder?.remove();
});

async function syncline(args: readonly string[], more: Record<string, string> = {}) {
  const { code, stdout, stderr } = await runHere(args, { ...env, ...more });
  expect(`${stdout}${stderr}`).not.toContain(CANARY);
  return { code, says: `${stdout}${stderr}` };
}

async function json(...args: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await runHere([...args, '--json'], env);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

/** The command in this process: one of its own costs a second of CPU. */
const ran = <O>(options: O, command: (context: CommandContext<O>) => Promise<number>): Promise<Said> =>
  said(withDevServices(readConfig({ ...process.env, ...env })), options, command);

const reason = ['--reason', 'agreed with them'];

const scenario = sideBySide(4);

const why = 'agreed with them';
const set =
  (partner: string, bucket: string, value: string) =>
  (context: CommandContext<{ reason: string; for?: string }>): Promise<number> =>
    limitsSet({ ...context, partner, bucket, value });
describe('what is not understood ends with 2 and says why', () => {
  scenario.each([
    [['limits', 'set', 'acme', 'montly', '5', ...reason], /acme has no limit "montly"; did you mean "monthly"\?/],
    [['limits', 'set', 'acme', 'monthly', '5'], /required option '--reason <text>' not specified/],
    [['limits', 'reset', 'acme', 'montly', ...reason], /did you mean "monthly"\?/],
    [['limits', 'show', 'acne'], /there is no partner "acne".*did you mean "acme"\?/],
  ])('%s', async (args, says) => {
    expect(await syncline(args)).toEqual({ code: 2, says: expect.stringMatching(says) });
  });

  test.each<[string, () => Promise<Said>, RegExp]>([
    [
      'a limit like no other',
      () => ran({ reason: why }, set('acme', 'x', '5')),
      /acme has no limit "x"; it has rate, monthly/,
    ],
    [
      'a partner without',
      () => ran({ reason: why }, set('bare', 'rate', '5')),
      /bare has no limit "rate"; its definition declares none/,
    ],
    [
      'none at all',
      () => ran({ reason: why }, set('acme', 'monthly', '0')),
      /monthly: expected a whole number above 0, found "0"/,
    ],
    [
      'a half',
      () => ran({ reason: why }, set('acme', 'monthly', '1.5')),
      /monthly: expected a whole number above 0, found "1.5"/,
    ],
    ['an empty reason', () => ran({ reason: ' ' }, set('acme', 'monthly', '5')), /--reason: expected why/],
    [
      'a time without end',
      () => ran({ reason: why, for: 'ever' }, set('acme', 'monthly', '5')),
      /--for: expected a duration such as 30m/,
    ],
    [
      'the end of a block that nobody has agreed to',
      () =>
        ran({ reason: why, block: true }, (context) => limitsReset({ ...context, partner: 'acme', bucket: undefined })),
      /--block lets calls go out before acme said so.* add --yes/,
    ],
  ])('%s', async (_, run, says) => {
    const refusal: unknown = await run().catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(InvalidInput);
    expect((refusal as InvalidInput).message).toMatch(says);
  });
});

test('show needs no Temporal', async () => {
  const { code, says } = await syncline(['limits', 'show', 'acme'], { TEMPORAL_ADDRESS: '127.0.0.1:1' });
  expect(code).toBe(0);
  expect(says).toMatch(/Task queue: unknown, Temporal does not answer at 127\.0\.0\.1:1/);
  expect(says).toMatch(/monthly +1,000 per month +1,000 +0 +1,000 +\d{4}-\d\d-01 00:00 UTC/);
  expect(await syncline(['limits', 'show', 'bare'])).toEqual({
    code: 0,
    says: expect.stringContaining('The definition of bare declares no limits.'),
  });
});

test('a limit that is lowered stops a sync that runs, everyone says why, and its reset lets it go on at once', async () => {
  await json('sync', 'acme', '--window', WINDOW, '--no-wait');
  expect(await eventually(() => simulator.requests().length >= 1)).toBe(true);
  const set = await syncline([
    'limits',
    'set',
    'acme',
    'monthly',
    '2',
    '--reason',
    'the month is nearly over',
    '--for',
    '2h',
  ]);
  expect(set).toEqual({
    code: 0,
    says: expect.stringMatching(
      /acme monthly: 2 requests per month from the next permit on, until \d{4}-.*Z; the definition says 1000\./,
    ),
  });
  // It stops within its grant, or before the next one when the governor's pause of the queue was quicker.
  const deferred = /payments: the quota monthly is used up.*; it resets at \d{4}-\S+Z\n  → syncline limits show acme/;
  const waiting = new RegExp(`${deferred.source}|payments: nobody may call acme: monthly is used up`);
  await eventually(async () => waiting.test((await ran({}, (context) => runsShow({ ...context, id: RUN }))).text));
  const shown = (await syncline(['runs', 'show', RUN])).says;
  expect(shown).toMatch(waiting);
  const stopped = deferred.test(shown);
  // As `sync` does while it waits for the end.
  const told: string[] = [];
  const config = withDevServices(readConfig({ ...process.env, ...env }));
  const quiet = tellWaits({ config, output: { ...createOutput(false), say: (line) => told.push(line) } }, RUN);
  expect(await eventually(() => waiting.test(told.join('\n')))).toBe(true);
  quiet();
  const sent = simulator.requests().length;
  expect(sent).toBeLessThan(PAGES);

  // The governor has paused the queue: nobody can call before the month is over.
  const pausedStatus = /acme: task queue paused until \S+-01T00:00:00\.000Z: monthly is used up/;
  expect(await eventually(async () => pausedStatus.test((await ran({}, status)).text))).toBe(true);
  const { says } = await syncline(['status']);
  expect(says).toMatch(stopped ? /acme\.payments +deferred until/ : /acme\.payments +(running|deferred until)/);
  expect(says).toMatch(stopped ? /acme\.payments waits: .*monthly/ : pausedStatus);
  expect(says).toMatch(/acme: monthly: used up \(\d+ of 2\); resets .* UTC/);
  expect(says).toMatch(/acme: used monthly \d+\/2/);
  expect(await json('limits', 'show', 'acme')).toMatchObject({
    partner: 'acme',
    buckets: [
      { name: 'rate' },
      { name: 'monthly', declared: 1000, effective: 2, override: { reason: 'the month is nearly over' } },
    ],
    queue: { rate: 0, paused: { cause: 'monthly is used up' }, foreign: false },
    alerts: [{ bucket: 'monthly', level: 100 }],
    changes: [{ what: expect.stringMatching(/^monthly set to 2 until/), reason: 'the month is nearly over' }],
  });
  expect(simulator.requests().length).toBe(sent);

  await fetch(`${simulator.url}/_sim/latency`, { method: 'POST', body: '0' });
  expect(await syncline(['limits', 'reset', 'acme', ...reason])).toEqual({
    code: 0,
    says: expect.stringMatching(
      stopped
        ? /^As the definition says again: monthly\.\nAsked to go on now: sync\/acme\/payments\//
        : /^As the definition says again: monthly\./,
    ),
  });
  expect(await syncline(['sync', 'acme', '--window', WINDOW])).toMatchObject({
    code: 0,
    says: expect.stringContaining('Outcome ok.'),
  });
  expect(simulator.requests().length).toBe(PAGES);
});

test('a stream with an auth of its own has limits of its own, shown and set with --stream', async () => {
  const twin = acme
    .replace('name: acme', 'name: twin')
    .replace('    path:', "    auth: { type: bearer, token: 'another' }\n    path:");
  await writeFile(join(folder.path, 'twin.yaml'), twin);
  const shown = (options: { stream?: string }) =>
    ran(options, (context) => limitsShow({ ...context, partner: 'twin' }));
  const ofStream = { reason: why, stream: 'payments' };
  expect((await shown({})).text).toContain('limits of their own: payments (--stream NAME)');
  await ran(ofStream, (context) => limitsSet({ ...context, partner: 'twin', bucket: 'monthly', value: '7' }));
  expect((await shown({ stream: 'payments' })).text).toMatch(/monthly +1,000 per month +7 /);
  expect((await shown({})).text).toMatch(/monthly +1,000 per month +1,000 /);
  await ran(ofStream, (context) => limitsReset({ ...context, partner: 'twin', bucket: 'monthly' }));
  expect((await shown({ stream: 'payments' })).text).toMatch(/monthly +1,000 per month +1,000 /);
  await expect(shown({ stream: 'orders' })).rejects.toThrow('twin has no stream "orders"; its streams are payments');
});

test('more than declared may be set, loudly', async () => {
  expect(await syncline(['limits', 'set', 'acme', 'monthly', '5000', ...reason])).toEqual({
    code: 0,
    says: expect.stringMatching(
      /^CAUTION: 5000 is above the 1000 that the definition declares: the partner may refuse calls\.\n/,
    ),
  });
});

test('reset --block says when nothing is blocked', async () => {
  expect(await syncline(['limits', 'reset', 'acme', 'rate', '--block', '--yes', ...reason])).toEqual({
    code: 0,
    says: 'No limit was overridden.\nNothing was blocked.\n',
  });
});
