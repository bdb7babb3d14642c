import type { Config } from '../config/config.ts';
import { NeedsAttention } from '../core/errors.ts';
import { pendingMigrations } from '../store/migrate/migrate.ts';
import { checkSessions } from '../store/session/check-sessions.ts';
import { withDatabase } from './context.ts';

/** Reached, and up to date. */
export async function requireDatabase(config: Config): Promise<void> {
  const pending = await withDatabase(config, async (pool) => {
    await checkSessions(pool);
    return pendingMigrations(pool);
  });
  if (pending.length > 0)
    throw new NeedsAttention(`the database lacks ${pending.join(', ')}: run \`syncline migrate\` first`);
}
