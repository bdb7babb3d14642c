import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { startPostgres, type PostgresServer } from '../../services/postgres.ts';
import { firstOf, long } from '../support/long.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { openNights, type Nights } from './nights.ts';
import type { TargetName } from './target-bench.ts';

const NIGHTS = long ? 6 : 2;

let folder: TemporaryFolder;
let warehouse: PostgresServer | undefined;
let nights: Nights | undefined;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  await nights?.close();
  nights = undefined;
});
afterAll(async () => {
  await warehouse?.stop();
  await folder.remove();
});

/** Takes the target away; what is returned brings it back. */
type Outage = (nights: Nights) => Promise<() => Promise<unknown>>;

const noWorker: Outage = (nights) => Promise.resolve(() => nights.serve());

/** Compiled by test/setup.ts. */
const program = fileURLToPath(new URL('../../dist/test/support/duckdb-writer.js', import.meta.url));

const heldFile: Outage = async (nights) => {
  const holder = spawn(process.execPath, [program, nights.lake, 'hold', '1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  await once(holder.stdout, 'data');
  await nights.serve();
  return async () => {
    holder.kill('SIGKILL');
    await once(holder, 'exit');
  };
};

const stoppedServer: Outage = async (nights) => {
  const { port, dataDir } = warehouse as PostgresServer;
  await nights.serve();
  await nights.next();
  expect(await nights.caughtUp()).toBe(true);
  await warehouse?.stop();
  return async () => {
    warehouse = await startPostgres({ dataDir, durable: true, port });
  };
};

const outages: readonly (readonly [string, TargetName, Outage])[] = [
  ['that no worker serves', 'lake', noWorker],
  ['whose file another process holds', 'lake', heldFile],
  ['whose server is down', 'mart', stoppedServer],
];

test.each(firstOf(outages, 1))(
  'a target %s stops no night, and has all of them when it is back',
  async (_, target, begin) => {
    if (target === 'mart') warehouse = await startPostgres({ dataDir: join(folder.path, 'warehouse'), durable: true });
    nights = await openNights(target, warehouse === undefined ? {} : { mart: warehouse.url });
    const end = await begin(nights);
    for (let night = 0; night < NIGHTS; night++) await nights.next();
    expect(await nights.isCaughtUp()).toBe(false);
    const before = nights.asked();
    await end();
    expect(await nights.caughtUp()).toBe(true);
    expect(nights.asked()).toBe(before);
    await nights.leave();
    await nights.expectEqual();
  },
  400_000,
);
