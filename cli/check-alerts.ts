import { ruleNames } from '../alerts/catalog.ts';
import type { Config } from '../config/config.ts';
import { MINUTE } from '../core/duration.ts';
import { ageText } from '../core/freshness.ts';
import { loadAlerts } from '../definitions/load-alerts.ts';
import { deadChannels } from '../store/alerts/facts.ts';
import { listAlerts } from '../store/alerts/alerts.ts';
import { readObservation } from '../store/alerts/observations.ts';
import { withDatabase } from './context.ts';

/** Looks come each minute. */
const LATE_MS = 5 * MINUTE;

/** Whether somebody would be told: who is told of what, whether anybody looks, and whether the channels take it. */
export async function checkAlerts(config: Config, { isStored }: { readonly isStored: boolean }): Promise<string> {
  const { file, settings } = await loadAlerts({ dir: config.partnersDir, env: config.env }, ruleNames);
  if (!isStored) throw new Error('cannot be checked while the database does not answer');
  return withDatabase(config, async (pool) => {
    const [dead, last, open] = [
      await deadChannels(pool),
      await readObservation(pool, 'look'),
      await listAlerts(pool, { open: true }),
    ];
    const lateMs = last === undefined ? 0 : Date.now() - last.atMs;
    const wrong = [
      ...dead.map(
        ({ channel, attempts, since, error }) =>
          `channel ${channel} has taken nothing since ${since.slice(0, 16)}Z (${attempts} attempts): ${error}`,
      ),
      ...(lateMs > LATE_MS
        ? [`nobody has looked for alerts for ${ageText(lateMs)}: start \`syncline worker\` (role workflows)`]
        : []),
    ];
    if (wrong.length > 0) throw new Error(wrong.join('\n'));
    const told =
      file === undefined
        ? 'nobody is notified: there is no alerts.yaml (docs/alerts.md)'
        : `${Object.keys(settings.channels).length} channels, ${settings.routes.length} routes`;
    return `${open.length} open; ${told}`;
  });
}
