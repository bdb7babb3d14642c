import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import { MINUTE, SECOND } from '../core/duration.ts';
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

/**
 * The same, for who runs on and on: a database that does not answer may be starting beside us, or anew. Throws at once when `signal` is aborted, though a
 * connection may still be on its way.
 */
export async function awaitDatabase(
  config: Config,
  {
    log,
    signal,
    patienceMs = 2 * MINUTE,
  }: { readonly log: Log; readonly signal: AbortSignal; readonly patienceMs?: number },
): Promise<void> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  aborted.catch(() => {});
  const until = performance.now() + patienceMs;
  for (let attempt = 1; ; attempt++) {
    try {
      return await Promise.race([requireDatabase(config), aborted]);
    } catch (error) {
      signal.throwIfAborted();
      if (performance.now() >= until || !isAway(error)) throw error;
      log.warn({ attempt, error: explain(error) }, 'PostgreSQL does not answer yet');
      await sleep(Math.min(attempt, 5) * SECOND, undefined, { signal });
    }
  }
}

const isAway = (error: unknown): boolean => error instanceof DatabaseAway || isUnavailable(error);
