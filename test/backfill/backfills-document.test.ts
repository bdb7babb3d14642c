import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { readConfig } from '../../config/config.ts';
import { startSimulator, type Simulator } from '../../simulator/start.ts';
import { createLogger } from '../../workers/logger.ts';
import { backfillStart } from '../../cli/commands/backfill.ts';
import { withDevServices } from '../../cli/context.ts';
import type { Output } from '../../cli/output.ts';
import { startWorkers, type RunningWorkers } from '../../workers/sync-worker.ts';
import { runHere } from '../cli/run-here.ts';
import type { Ended } from '../cli/run-syncline.ts';
import { eventually } from '../support/eventually.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { freshNamespace } from '../support/fresh-namespace.ts';
import { temporalAddress } from '../support/temporal.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const document = readFileSync('docs/backfills.md', 'utf8');
const blocks = (language: string): string[] =>
  [...document.matchAll(/^```(.+)\n([^]*?)^```/gm)]
    .filter(([, name]) => name === language)
    .map(([, , text = '']) => text);

/** Each command and what is written below it. */
const examples = blocks('console')
  .join('')
  .split(/^\$ syncline /m)
  .slice(1)
  .map((text) => text.split(/\n([^]*)/, 2) as [string, string]);

/** Counts and times differ with the machine; lines about progress may come or not. */
const shapeOf = (text: string): string =>
  text
    .replaceAll(/^\d+ of \d+ windows.*\n/gm, '')
    .replaceAll(/\d+(,\d+)*(\.\d+)?/g, '#')
    .replaceAll(/ +$/gm, '')
    .replaceAll(/ +/g, ' ')
    .replaceAll(/─+/g, '─')
    .trim();

let simulator: Simulator;
let database: TestDatabase;
let folder: TemporaryFolder;
let workers: RunningWorkers;
let env: Record<string, string>;
beforeAll(async () => {
  let namespace: string;
  [simulator, database, folder, namespace] = await Promise.all([
    startSimulator({ now: '2024-06-01T00:00:00Z', payments: 2000, latencyMs: 200 }),
    freshDatabase(),
    temporaryFolder(),
    freshNamespace(),
  ]);
  const acme = parse(blocks('yaml')[0] ?? '') as { streams: { payments: { incremental: object } } };
  const { incremental, ...whole } = acme.streams.payments;
  const open = { ...whole, incremental: { ...incremental, end: undefined } };
  await writeFile(
    join(folder.path, 'acme.yaml'),
    JSON.stringify({ ...acme, streams: { ...acme.streams, other: acme.streams.payments, whole, open } }),
  );
  env = {
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: temporalAddress(),
    TEMPORAL_NAMESPACE: namespace,
    SYNCLINE_PARTNERS_DIR: folder.path,
    SYNCLINE_HOME: folder.path,
    ACME_URL: simulator.url,
  };
  workers = await startWorkers({
    config: readConfig({ ...process.env, ...env, SYNCLINE_WORKFLOW_BUNDLE: process.env['WORKFLOW_BUNDLE'] }),
    log: createLogger('silent'),
    roles: [],
  });
});
afterAll(async () => {
  await workers?.stop();
  await Promise.allSettled([database?.drop(), simulator?.close(), folder?.remove()]);
});

const syncline = (args: string): Promise<Ended> => runHere(args.split(' '), env);

/** What was cancelled has ended. */
async function nothingRuns(): Promise<boolean> {
  const { rows } = await database.pool.query('select from syncline.runs where finished_at is null');
  return rows.length === 0;
}

describe('docs/backfills.md shows what the command line really says', () => {
  test.each(examples)('%s', async (command, written) => {
    if (command === 'backfill list') await eventually(nothingRuns);
    const { stdout, stderr } = await syncline(command);
    expect(shapeOf(`${stdout}${stderr}`)).toBe(shapeOf(written));
  });
});

describe('backfill refuses what makes no sense, and says what to do', () => {
  const options = { from: '2024-05-01', to: '2024-05-31', chunk: '1d', order: 'oldest', concurrency: '2' };
  const lines: string[] = [];
  const output: Output = { say: (line) => lines.push(line), table: () => {}, json: () => {}, note: () => {} };
  const start = (change: object, [partner, stream]: readonly string[] = ['acme', 'payments']): Promise<number> =>
    backfillStart({
      config: withDevServices(readConfig(env)),
      output,
      options: { ...options, ...change },
      partner: partner ?? '',
      stream: stream ?? '',
    });

  test.each<[object, readonly string[], RegExp]>([
    [{}, ['acne', 'payments'], /^there is no partner "acne" in .*; did you mean "acme"\?$/],
    [{}, ['acme', 'refunds'], /^acme has no stream "refunds": it has payments, other, whole, open$/],
    [
      {},
      ['acme', 'whole'],
      /^acme streams\.whole\.incremental: expected .*`syncline sync acme whole` does that, or add/,
    ],
    [{}, ['acme', 'open'], /^acme streams\.open\.incremental\.end: expected the parameter that ends a range of time/],
    [{ to: '2999-01-01' }, ['acme', 'payments'], /^--to: expected \d{4}-\d\d-\d\d or earlier, found "2999-01-01"/],
    [{ concurrency: '0' }, ['acme', 'payments'], /^--concurrency: expected a whole number above 0, found "0"$/],
    [{ concurrency: '51' }, ['acme', 'payments'], /^--concurrency: expected 50 at most, found 51$/],
  ])('%j %j', async (change, of, says) => {
    await expect(start(change, of)).rejects.toThrow(says);
  });

  test('a dry run of a stream that was never read says that nobody knows', async () => {
    expect(await start({ dryRun: true }, ['acme', 'other'])).toBe(0);
    expect(lines).toContain(
      'Requests: unknown, as acme other was never read. One window tells: syncline sync acme other --window 2024-05-31..2024-05-31',
    );
  });
});
