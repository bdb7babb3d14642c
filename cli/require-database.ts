import type { Config } from '../config/config.ts';
import { NeedsAttention } from '../core/errors.ts';
import type { Log } from '../http/log.ts';
import { pendingMigrations } from '../store/migrate/migrate.ts';
import { checkSessions } from '../store/session/check-sessions.ts';
import { isUnavailable } from '../store/session/unavailable.ts';
import { awaitServer } from '../workers/await-server.ts';
import { withDatabase } from './context.ts';
import { DatabaseAway } from './database-trouble.ts';

/** Reached, and up to date. */
export async function requireDatabase(config: Config): Promise<void> {
  const pending = await withDatabase(config, async (pool) => {
    await checkSessions(pool);
    return pendingMigrations(pool);
  });
  if (pending.length > 0)
    throw new NeedsAttention(`the database lacks ${pending.join(', ')}: run \`syncline migrate\` first`);
}

/** The same, for who runs on and on: a database that does not answer is waited for. */
export const awaitDatabase = (
  config: Config,
  { log, ...of }: { readonly log: Log; readonly signal: AbortSignal; readonly patienceMs?: number },
): Promise<void> =>
  awaitServer(() => requireDatabase(config), {
    ...of,
    isAway,
    warn: (facts) => log.warn(facts, 'PostgreSQL does not answer yet'),
  });

const isAway = (error: unknown): boolean => error instanceof DatabaseAway || isUnavailable(error);
