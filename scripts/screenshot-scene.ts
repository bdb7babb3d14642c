import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parse } from 'yaml';
import { demoPartners } from '../cli/demo-partner.ts';
import { startFindDuplicates } from '../client/duplicates.ts';
import { resultOf } from '../client/result-of.ts';
import { startBackfill } from '../client/start-backfill.ts';
import { applyChange, triggerSchedule } from '../client/schedules.ts';
import { reportOfSync, startSync } from '../client/start-sync.ts';
import { connectClient } from '../client/temporal-client.ts';
import { readConfig } from '../config/config.ts';
import { processConfig } from '../config/env.ts';
import { DAY } from '../core/duration.ts';
import { dayOf } from '../core/window.ts';
import { declaredSchedules } from '../definitions/declared-schedules.ts';
import type { PartnerInput } from '../definitions/definition.ts';
import { loadPartner } from '../definitions/load.ts';
import { startEmbedded } from '../services/embedded.ts';
import type { SimulatorOptions } from '../simulator/options.ts';
import { startSimulator, type Simulator } from '../simulator/start.ts';
import { openPool } from '../store/session/open-pool.ts';
import { startUi } from '../ui/start-ui.ts';
import { createLogger } from '../workers/logger.ts';
import { startWorkers } from '../workers/sync-worker.ts';
import { serveContacts } from './screenshot-contacts.ts';

export interface ScreenshotScene {
  readonly uiUrl: string;
  /** Of the status page. */
  readonly pageUrl: string;
  /** The day that was synced. */
  readonly day: string;
  close(): Promise<void>;
}

/** Who it names has signed in on the status page. */
export const USER_HEADER = 'x-user';

/** Partners in the states that docs/inspect.md tells of; what is not said is that of partners/demo.yaml. */
const cast: Readonly<Record<string, { readonly partner?: object; readonly simulator?: SimulatorOptions }>> = {
  demo: {
    partner: {
      schedules: {
        nightly: { calendar: { at: '03:30' }, timeZone: 'Europe/Berlin', jitter: '10m' },
        hourly: { cron: '15 * * * mon-fri', window: 'sinceLast', streams: ['payments'] },
      },
    },
  },
  // The customers are not for us: the rest is complete.
  acme: { simulator: { faults: [{ kind: 'status', status: 403, stream: 'customers', after: 2 }] } },
  // Slow, and its first answer is an error.
  globex: {
    partner: { retry: { attempts: 6, base: '2s' }, grant: { time: '10m', requests: 1000 } },
    simulator: {
      payments: 30_000,
      faults: [
        { kind: 'status', status: 502, stream: 'payments', nth: 1 },
        { kind: 'delay', ms: 5000, stream: 'payments' },
      ],
    },
  },
  // So many calls a day, and the payments come first.
  initech: {
    partner: { limits: { rate: 20, burst: 10, quotas: [{ name: 'daily', limit: 20, per: 'day' }] } },
  },
  // Asked us to wait for half an hour.
  umbrella: {
    simulator: { faults: [{ kind: 'throttle', stream: 'events', after: 3, seconds: 1800 }] },
  },
};

/** Servers of their own, workers, and one run of each kind: some have ended, some wait, some go on. */
export async function openScreenshotScene(): Promise<ScreenshotScene> {
  // The UI shows who works as PID@HOST, and where in the sources a failure began: neither is for pictures.
  os.hostname = () => 'worker-1';
  Error.stackTraceLimit = 0;
  const { cacheDir, pathEnv } = processConfig();
  const dir = await mkdtemp(join(os.tmpdir(), 'syncline-screenshots-'));
  const services = await startEmbedded({
    dir: join(dir, 'services'),
    cacheDir,
    pathEnv,
    durable: false,
    say: () => {},
  });
  const simulators: Simulator[] = [];
  const partnersDir = join(dir, 'partners');
  const config = {
    ...readConfig({ DATABASE_URL: services.databaseUrl, TEMPORAL_ADDRESS: services.temporalAddress }),
    workflowBundle: services.workflowBundle,
    partnersDir,
  };
  await mkdir(partnersDir);
  const demo = parse(await readFile(join(demoPartners, 'demo.yaml'), 'utf8')) as PartnerInput;
  for (const [name, { partner, simulator }] of Object.entries(cast)) {
    const running = await startSimulator({ payments: 6000, customers: 1500, refunds: 600, events: 4000, ...simulator });
    simulators.push(running);
    const streams = Object.fromEntries(
      Object.entries(demo.streams).map(([stream, of]) => [stream, { ...of, freshness: '26h' }]),
    );
    const definition = { ...demo, streams, name, auth: { type: 'none' }, baseUrl: running.url, ...partner };
    await writeFile(join(partnersDir, `${name}.yaml`), JSON.stringify(definition));
  }
  const crm = await serveContacts();
  await writeFile(join(partnersDir, 'crm.yaml'), JSON.stringify(crm.definition));
  await writeFile(join(partnersDir, 'duplicates.yaml'), JSON.stringify(crm.duplicates));
  const workers = await startWorkers({ config, log: createLogger('silent'), roles: [] });
  const client = await connectClient({ address: services.temporalAddress, namespace: config.temporalNamespace });
  const day = dayOf(Date.now() - DAY);
  const run = { streams: [], window: day, kind: 'manual', generation: 1 } as const;
  for (const schedule of declaredSchedules(config.names, await loadPartner('demo', { dir: partnersDir, env: {} })))
    await applyChange(client, config.names, { kind: 'create', id: schedule.id, to: schedule });
  // Days before, so that there is something to compare with.
  for (let days = 12; days > 1; days--) {
    const window = dayOf(Date.now() - days * DAY);
    const earlier = { ...run, window, partner: 'demo', streams: ['customers'] };
    await reportOfSync((await startSync(client, earlier)).handle);
  }
  for (const partner of ['demo', 'acme', 'crm'])
    await reportOfSync((await startSync(client, { ...run, partner })).handle);
  await triggerSchedule(client, config.names, { partner: 'demo', name: 'nightly' });
  for (const partner of ['globex', 'initech']) await startSync(client, { ...run, partner });
  await startSync(client, { ...run, partner: 'umbrella', streams: ['events'] });
  const plan = { from: '2026-01-01', to: '2026-03-31', chunk: '1d', zone: null, order: 'oldest' } as const;
  await startBackfill(client, config.names, {
    partner: 'globex',
    stream: 'payments',
    plan,
    concurrency: 2,
    generation: 1,
  });
  const search = { names: config.names, name: 'people', by: 'ann', label: day, join: false, waitMs: 0 };
  await resultOf(await startFindDuplicates(client, search));
  await wait(20_000);
  const pool = openPool(services.databaseUrl);
  const page = await startUi({
    address: '127.0.0.1:0',
    pool,
    names: config.names,
    partnersDir,
    log: createLogger('silent'),
    settings: readConfig({ SYNCLINE_UI_USER_HEADER: USER_HEADER, SYNCLINE_UI_PROXIES: '127.0.0.1' }).ui,
    secret: services.databaseUrl,
    temporal: (work) => work(client),
  });
  return {
    uiUrl: services.uiUrl,
    pageUrl: page.url,
    day,
    close: async () => {
      await page.close();
      await pool.end();
      await workers.stop();
      await client.connection.close();
      for (const simulator of simulators) await simulator.close();
      crm.close();
      await services.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
