import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import { SECOND } from '../core/duration.ts';
import { explain, NeedsAttention } from '../core/errors.ts';
import type { Log } from '../http/log.ts';
import { pendingMigrations } from '../store/migrate/migrate.ts';
import { checkSessions } from '../store/session/check-sessions.ts';
import { isUnavailable } from '../store/session/unavailable.ts';
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

const MOST_TRIES = 30;

/** The same, for who runs on and on: a database that does not answer may be starting beside us, or anew. It is waited for, for two minutes. */
export async function awaitDatabase(
  config: Config,
  { log, signal }: { readonly log: Log; readonly signal: AbortSignal },
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await requireDatabase(config);
    } catch (error) {
      signal.throwIfAborted();
      if (attempt >= MOST_TRIES || !isAway(error)) throw error;
      log.warn({ attempt, error: explain(error) }, 'PostgreSQL does not answer yet');
      await sleep(Math.min(attempt, 5) * SECOND, undefined, { signal });
    }
  }
}

const isAway = (error: unknown): boolean => error instanceof DatabaseAway || isUnavailable(error);
