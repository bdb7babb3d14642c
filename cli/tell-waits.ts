import { SECOND } from '../core/duration.ts';
import { showRun } from '../store/inspect/inspect.ts';
import type { CommandContext } from './command.ts';
import { withDatabase } from './context.ts';
import { progressOf } from './progress-of.ts';

const LOOK_MS = 5 * SECOND;

/**
 * While a run is waited for: says once why each of its streams does not go on, and after 10 s, 20 s, 40 s … how far those are that do.
 * Returns what ends it.
 */
export function tellWaits(
  { config, output }: Pick<CommandContext, 'config' | 'output'>,
  runId: string,
  { tellsWork = true }: { readonly tellsWork?: boolean } = {},
): () => void {
  if (config.databaseUrl === undefined) return () => {};
  const said = new Set<string>();
  let looking = false;
  let looks = 0;
  let tellAt = 2;
  const lines = progressOf(runId);
  const look = async (): Promise<void> => {
    const { explainRun } = await import('./explain-run.ts');
    const [{ streams }, progress] = await withDatabase(config, async (pool) => {
      const shown = await showRun(pool, runId);
      return Promise.all([explainRun({ config }, pool, shown), lines(pool)]);
    });
    looks += 1;
    const isTime = looks >= tellAt;
    if (isTime) tellAt = looks * 2;
    if (isTime && tellsWork) for (const line of progress) output.say(line);
    for (const { stream, waitsFor, says, todo } of streams) {
      // An attempt and its time change with each look; that it fails, and why, does not.
      const key = `${stream} ${waitsFor}`;
      if (waitsFor === 'work' || waitsFor === 'dependency' || said.has(key)) continue;
      said.add(key);
      output.say(`${stream}: ${says}`);
      if (todo !== null) output.say(`  → ${todo}`);
    }
  };
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    void look()
      // A run that no worker has begun yet is not in the ledger; the next look may find it.
      .catch(() => {})
      .finally(() => (looking = false));
  }, LOOK_MS);
  return () => clearInterval(timer);
}
