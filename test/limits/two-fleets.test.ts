import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { RunReport } from '../../messages/sync-partner.ts';
import { reportOfSync, startSync } from '../../client/start-sync.ts';
import { plainNames } from '../../messages/names.ts';
import type { Arrival } from '../../simulator/judge/arrivals.ts';
import type { JudgeReport } from '../../simulator/judge/report.ts';
import type { Stall } from '../../simulator/judge/stall.ts';
import { startJudge, type JudgeProcess } from '../../simulator/judge/start-judge.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { freshNamespace } from '../support/fresh-namespace.ts';
import { firstOf, long } from '../support/long.ts';
import { temporalAddress, testTemporal, uniqueName, type TestTemporal } from '../support/temporal.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.ts';

/**
 * Two fleets that know nothing of each other: a namespace, definitions, worker processes and runs of their own. What they
 * have in common is the database, and the partner.
 */
const WORKERS = long ? 3 : 1;
const STREAMS = ['s1', 's2'] as const;

interface Case {
  readonly name: string;
  readonly rate: number;
  readonly burst: number;
  /** Of each stream. */
  readonly pages: number;
}

/** Both fleets have the same token. Slow enough that one fleet alone asks for more, however slow the machine. */
const shared: readonly Case[] = firstOf(
  [
    { name: 'shared', rate: 8, burst: 4, pages: long ? 120 : 11 },
    { name: 'by_turns', rate: 20, burst: 1, pages: 300 },
    { name: 'fast', rate: 200, burst: 20, pages: 2000 },
  ],
  1,
);
const own: Case = { name: 'own', rate: 8, burst: 4, pages: long ? 120 : 15 };

interface Fleet {
  readonly name: string;
  readonly client: Client;
  readonly workers: readonly WorkerProcess[];
}

let [temporal, judge, folder, database]: [TestTemporal, JudgeProcess, TemporaryFolder, TestDatabase] = [] as never;
let fleets: readonly Fleet[] = [];
beforeAll(async () => {
  [temporal, judge, folder, database] = await Promise.all([
    testTemporal(),
    startJudge(),
    temporaryFolder(),
    freshDatabase(),
  ]);
  fleets = await Promise.all([startFleet(), startFleet()]);
});
afterAll(async () => {
  await Promise.all(fleets.flatMap(({ workers }) => workers.map((worker) => worker.kill())));
  await Promise.all([temporal.close(), judge.close(), folder.remove(), database.drop()]);
});

const partnerOf = (fleet: string, { name }: Case): string => `${fleet}_${name}`;

async function startFleet(): Promise<Fleet> {
  const name = uniqueName('fleet');
  const partnersDir = join(folder.path, name);
  await mkdir(partnersDir);
  for (const each of [...shared, own]) {
    const partner = partnerOf(name, each);
    const token = each === own ? partner : `${each.name}-token`;
    await writeFile(join(partnersDir, `${partner}.yaml`), definitionOf(partner, token, each));
  }
  const namespace = await freshNamespace();
  const workers = Array.from({ length: WORKERS }, () =>
    startWorkerProcess({
      readyQueue: plainNames.partnerQueue(partnerOf(name, own)),
      env: {
        DATABASE_URL: database.url,
        TEMPORAL_ADDRESS: temporalAddress(),
        TEMPORAL_NAMESPACE: namespace,
        SYNCLINE_PARTNERS_DIR: partnersDir,
        SYNCLINE_WORKFLOW_BUNDLE: process.env['WORKFLOW_BUNDLE'] ?? '',
      },
    }),
  );
  await Promise.all(workers.map(({ ready }) => ready));
  return { name, client: new Client({ connection: temporal.connection, namespace }), workers };
}

function definitionOf(partner: string, token: string, { rate, burst }: Case): string {
  const stream = (name: string): string =>
    `  ${name}: { path: /s/${partner}_${name}, records: data, primaryKey: [id], pagination: { type: token, token: next, as: page }, ` +
    `schema: { type: object, required: [id], properties: { id: { type: string }, v: { type: integer } } } }`;
  return `name: ${partner}
baseUrl: ${judge.url}
auth: { type: bearer, token: ${token} }
limits: { rate: ${rate}, per: 1s, burst: ${burst} }
streams:
${STREAMS.map(stream).join('\n')}
`;
}

async function runOf({ name, client }: Fleet, each: Case): Promise<RunReport> {
  const run = {
    partner: partnerOf(name, each),
    streams: [],
    window: '2026-11-24',
    kind: 'manual',
    generation: 1,
  } as const;
  const report = await reportOfSync((await startSync(client, run)).handle);
  if ('failure' in report) throw new Error(report.failure);
  return report;
}

interface Seen {
  readonly fetched: readonly unknown[];
  readonly judged: JudgeReport & { readonly stall: Stall };
  readonly arrivals: readonly Arrival[];
}

/** Both at once, to their ends. */
async function runBoth(each: Case): Promise<Seen> {
  const { rate, burst, pages } = each;
  await judge.configure({ judges: [{ kind: 'tokenBucket', rate, burst }], pages, size: 10, latencyMs: 2 });
  const reports = await Promise.all(fleets.map((fleet) => runOf(fleet, each)));
  const fetched = reports.map(({ outcome, counts }) => ({ outcome, fetched: counts.fetched }));
  return { fetched, judged: await judge.report(), arrivals: await judge.arrivals() };
}

/**
 * The judge shares the machine with the rest of the suite. Where it stood still itself it stamps a request too late, and the next one
 * seems as much too soon; none may seem sooner than that.
 */
function expectInTime({ requests, refused, stall, tokens }: Seen['judged'], { pages }: Case): void {
  const tooSoonMs = tokens.flatMap(({ judges }) => judges.map(({ worstOverrunMs }) => worstOverrunMs));
  expect(tooSoonMs.length).toBeGreaterThan(0);
  expect(Math.max(...tooSoonMs)).toBeLessThanOrEqual(stall.maxMs);
  expect(requests - refused).toBe(2 * STREAMS.length * pages);
}

const all = ({ pages }: Case): unknown => fleets.map(() => ({ outcome: 'ok', fetched: STREAMS.length * pages * 10 }));

/** Those that the partners of a case are known by. */
const credentials = async (each: Case): Promise<number> => {
  const { rowCount } = await database.pool.query('select from syncline.credentials where partner = any($1)', [
    fleets.map(({ name }) => partnerOf(name, each)),
  ]);
  return Number(rowCount);
};

/** The most that came within a second. */
const inOneSecond = (arrivals: readonly Arrival[]): number =>
  Math.max(
    ...arrivals.map((from) => arrivals.filter(({ atUs }) => atUs >= from.atUs && atUs < from.atUs + 1_000_000).length),
  );

test.each(shared)(
  'two fleets with one credential keep its limit together ($rate/s, burst $burst), and neither waits for the end of the other',
  async (each) => {
    const { fetched, judged, arrivals } = await runBoth(each);
    expectInTime(judged, each);
    expect(judged.tokens).toHaveLength(1);
    expect(await credentials(each)).toBe(1);
    expect(fetched).toEqual(all(each));
    const [a = [], b = []] = fleets.map(({ name }) => arrivals.map(({ stream }) => stream.startsWith(name)));
    expect(a.indexOf(true)).toBeLessThan(b.lastIndexOf(true));
    expect(b.indexOf(true)).toBeLessThan(a.lastIndexOf(true));
  },
  240_000,
);

test('two credentials at one partner have a limit each', async () => {
  const { fetched, judged, arrivals } = await runBoth(own);
  expectInTime(judged, own);
  expect(judged.tokens).toHaveLength(2);
  expect(await credentials(own)).toBe(2);
  expect(fetched).toEqual(all(own));
  // More than one of them may have, and no more than the two of them.
  expect(inOneSecond(arrivals)).toBeGreaterThan(own.rate + own.burst);
  expect(inOneSecond(arrivals)).toBeLessThanOrEqual(2 * (own.rate + own.burst) + judged.refused);
}, 240_000);
