import { homedir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../services/postgres.ts';
import { clusterBinaries } from '../services/temporal-cluster-binaries.ts';
import { resolveTemporalCli } from '../services/temporal-cli.ts';
import { startTemporalCluster } from '../services/temporal-cluster.ts';

/**
 * `node --import tsx scripts/temporal-cluster.ts [FOLDER]`: Temporal's own server on PostgreSQL, both on 127.0.0.1, until
 * Ctrl-C. The state stays in FOLDER (.syncline/cluster); the first time the server is built, which needs Go.
 */
const [folder = '.syncline/cluster'] = process.argv.slice(2);
const log = (line: string): boolean => process.stderr.write(`${line}\n`);
const cacheDir = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'syncline');
const pathEnv = process.env['PATH'] ?? '';

const [binaries, cliPath] = await Promise.all([
  clusterBinaries({ cacheDir, pathEnv, log }),
  resolveTemporalCli({ cacheDir, pathEnv, log }),
]);
const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), durable: true });
const temporal = await startTemporalCluster({ binaries, cliPath, pathEnv, postgresUrl: postgres.url }).catch(
  async (error: unknown) => {
    await postgres.stop();
    throw error;
  },
);
log(`TEMPORAL_ADDRESS=${temporal.address}`);
log(`its databases are temporal and temporal_visibility on 127.0.0.1:${postgres.port}`);

const stop = async (): Promise<void> => {
  await temporal.stop();
  await postgres.stop();
  process.exit(0);
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());
