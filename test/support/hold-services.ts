import { startPostgres } from '../../services/postgres.ts';
import { startTemporal } from '../../services/temporal-server.ts';

/** Starts what its arguments name, says where, and stays until it is killed: `hold-services FOLDER TEMPORAL_CLI`. */
const [, , folder = '', cliPath = ''] = process.argv;
const [durable, throwaway, temporal] = await Promise.all([
  startPostgres({ dataDir: `${folder}/durable`, durable: true }),
  startPostgres({ dataDir: `${folder}/throwaway`, durable: false }),
  startTemporal({ cliPath, dbFile: `${folder}/temporal.db`, uiPort: null }),
]);
process.stdout.write(`${JSON.stringify({ pids: [durable.pid, throwaway.pid, temporal.pid] })}\n`);
setInterval(() => {}, 60_000);
