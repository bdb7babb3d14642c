import { openPool } from '../../store/session/open-pool.ts';
import { startUi } from '../../ui/start-ui.ts';
import { createLogger } from '../../workers/logger.ts';
import { checkedAddress } from '../checked-address.ts';
import type { CommandContext } from '../command.ts';
import { withTemporal } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { requireDatabase } from '../require-database.ts';
import { untilStopped } from '../until-stopped.ts';

export interface UiCommandOptions {
  readonly address: string;
}

/** Enough for all questions of one page at once. */
const CONNECTIONS = 8;

export async function ui({ config, output, options }: CommandContext<UiCommandOptions>): Promise<number> {
  const stopped = untilStopped();
  const address = checkedAddress(options.address);
  await requireDatabase(config);
  const log = createLogger(config.logLevel);
  const pool = openPool(config.databaseUrl ?? '', CONNECTIONS, config.names.controlSchema);
  const server = await startUi({
    address,
    pool,
    names: config.names,
    partnersDir: config.partnersDir,
    log,
    settings: config.ui,
    secret: config.databaseUrl ?? '',
    temporal: (work) => withTemporal(config, work),
  });
  try {
    output.json({ url: server.url });
    output.say(`Status page: ${server.url}`);
    log.info({ url: server.url }, 'status page started');
    await stopped;
  } finally {
    await server.close();
    await pool.end();
  }
  return exitCodes.ok;
}
