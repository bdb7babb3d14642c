import { join, resolve } from 'node:path';
import { Client } from 'pg';
import type { FaultInput } from '../../simulator/fault.ts';
import type { Mutation } from '../../simulator/world.ts';
import type * as benches from '../support/pull-bench.ts';
import type * as backfills from '../../client/start-backfill.ts';
import type * as allNames from '../../messages/names.ts';
import { copyDatabase } from './copy-database.ts';
import { writeFixture, type PartnerWorld } from './fixture-file.ts';
import { backfill, installation, malformed, partnerNames, UNDER_WAY, type PartnerName } from './installation.ts';

/**
 * Makes fixture/installation.json.gz: an installation as the code of an older commit left it, with runs under way. That code does
 * it itself, with its migrations, its workers and its simulator:
 *
 *   git worktree add --detach ../before 3ef18e3
 *   ln -s "$PWD/node_modules" ../before/node_modules
 *   node --import tsx test/upgrade/make-fixture.ts ../before 3ef18e3
 *
 * To be made anew only with that commit: a fixture that new code made would prove nothing.
 */
const [, , folder = '', commit = ''] = process.argv;
const before = resolve(folder);
// Its set-up compiles what lies in the working directory.
process.chdir(before);
const ofBefore = async <T>(path: string): Promise<T> => (await import(join(before, path))) as T;

await (await ofBefore<{ default: () => Promise<void> }>('test/setup.ts')).default();
const { openPullBench } = await ofBefore<typeof benches>('test/support/pull-bench.ts');
const { startBackfill } = await ofBefore<typeof backfills>('client/start-backfill.ts');
const { plainNames } = await ofBefore<typeof allNames>('core/names.ts');

const bench = await openPullBench();
const partners = new Map<PartnerName, benches.BenchPartner>();
const mutations = new Map<PartnerName, Mutation[]>();
for (const name of partnerNames) {
  partners.set(name, await bench.partner({ name, ...installation[name] }));
  mutations.set(name, []);
}
const of = (name: PartnerName): benches.BenchPartner => partners.get(name) as benches.BenchPartner;
const faulty = (name: PartnerName, ...faults: FaultInput[]): void => of(name).simulator.set({ faults });
function mutate(name: PartnerName, mutation: Mutation): void {
  mutations.get(name)?.push(mutation);
  of(name).simulator.mutate(mutation);
}
async function night(name: PartnerName, window: string, expected: string): Promise<void> {
  const { outcome, reason } = await of(name).sync({ window, kind: 'nightly' });
  if (outcome !== expected) throw new Error(`${name} ${window}: expected ${expected}, found ${outcome}: ${reason}`);
}

async function nights(): Promise<void> {
  faulty('acme', malformed);
  for (const name of ['acme', 'globex', 'initech'] as const)
    await night(name, '2024-11-20', name === 'acme' ? 'partial' : 'ok');

  // Listings that end too early: they replace nothing.
  faulty('acme', malformed, { kind: 'early_end', path: '/v1/refunds', rows: 25 });
  await night('acme', '2024-11-21', 'partial');
  faulty('initech', { kind: 'early_end', path: '/v1/customers', rows: 5 });
  await night('initech', '2024-11-21', 'suspect');

  const at = '2024-11-21T10:00:00Z';
  mutate('acme', { change: 20, add: 6, at });
  mutate('acme', { stream: 'customers', change: 2, add: 1, at });
  mutate('acme', { stream: 'refunds', change: 5, remove: 8, add: 3, at });
  mutate('acme', { stream: 'events', add: 10, at });
  mutate('initech', { stream: 'customers', change: 6, remove: 7, add: 4, at });
  faulty('acme', malformed);
  faulty('initech');
  await night('acme', '2024-11-22', 'partial');
  await night('initech', '2024-11-22', 'ok');

  await night('hooli', '2024-06-01', 'ok');
  mutate('hooli', { change: 10, add: 3, at: '2024-06-01T10:00:00Z' });
  await night('hooli', '2024-06-02', 'ok');
  faulty('umbra', { kind: 'status', status: 400, nth: 4 });
  await night('umbra', '2024-11-20', 'failed');
  faulty('umbra');
}

/** How far each of these gets before the partner falls silent: stream runs by their place and pages. */
async function getUnderWay(): Promise<void> {
  const at = '2024-11-23T10:00:00Z';
  mutate('acme', { change: 10, add: 4, at });
  mutate('acme', { stream: 'customers', add: 1, at });
  mutate('acme', { stream: 'refunds', change: 2, remove: 3, at });
  mutate('globex', { change: 12, add: 5, at });
  mutate('initech', { stream: 'customers', change: 3, remove: 2, add: 2, at });
  faulty('acme', malformed, { kind: 'hang', path: '/v1/customers/cus_000005/payments' });
  faulty('globex', { kind: 'hang', path: '/v2/payments', after: 3 });
  faulty(
    'initech',
    { kind: 'hang', path: '/v1/customers', after: 3 },
    { kind: 'hang', path: '/v2/customers', after: 2 },
  );
  faulty('hooli', { kind: 'hang', after: 8 });
  for (const name of ['acme', 'globex', 'initech'] as const)
    await of(name).start({ window: UNDER_WAY, kind: 'nightly' });
  await startBackfill(bench.client, plainNames, { partner: 'hooli', ...backfill });
  for (;;) {
    const { rows } = await bench.pool.query<{ place: string; pages: number; held: number }>(
      `select s.partner || '.' || s.name as place, sum(r.page_no)::integer as pages
        from stream_runs r join streams s using (stream_id) where r.window_label = $1 or r.kind = 'backfill' group by 1`,
      [UNDER_WAY],
    );
    const pages = Object.fromEntries(rows.map(({ place, pages: count }) => [place, count]));
    const { rows: others } = await bench.pool.query<{ count: string }>(
      `select count(*) from stream_runs r join streams s using (stream_id) where r.window_label = $1 and r.state = 'done'`,
      [UNDER_WAY],
    );
    if (
      (pages['acme.payments_of'] ?? 0) >= 5 &&
      pages['globex.payments'] === 3 &&
      pages['initech.customers'] === 3 &&
      pages['initech.visitors'] === 2 &&
      pages['hooli.payments'] === 8 &&
      // All others of acme have ended.
      others[0]?.count === '7'
    )
      return;
    await new Promise((done) => setTimeout(done, 20));
  }
}

const worldOf = (name: PartnerName): PartnerWorld => ({
  url: of(name).simulator.url,
  mutations: mutations.get(name) ?? [],
  tokens: of(name)
    .simulator.requests()
    .filter(({ path }) => path.startsWith('/oauth/token')).length,
});

await nights();
await getUnderWay();
const client = new Client({ connectionString: bench.config.databaseUrl });
await client.connect();
const database = await copyDatabase(client);
await client.end();
const world = Object.fromEntries(partnerNames.map((name) => [name, worldOf(name)])) as Record<
  PartnerName,
  PartnerWorld
>;
const bytes = await writeFixture({ commit, world, database });
process.stdout.write(`${bytes} bytes, ${database.streams.length} streams\n`);
for (const { into, lines } of database.tables)
  process.stdout.write(`${into.split(' ')[0]} ${lines.split('\n').length - 1}\n`);
// Nobody answers the runs that are under way: there is nothing to wait for.
process.exit(0);
