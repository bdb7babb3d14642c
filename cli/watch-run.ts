import { SECOND } from '../core/duration.ts';
import type { CommandContext } from './command.ts';
import { progressOf } from './progress-of.ts';
import { tellWaits } from './tell-waits.ts';
import { liveLines } from './terminal/live.ts';

const LOOK_MS = SECOND;

/**
 * While a run is waited for: a progress bar for each of its streams that is being read, on stderr where that is a terminal, and why others
 * do not go on. Without a database nobody knows. Returns what ends it.
 */
export function watchRun({ config, output }: Pick<CommandContext, 'config' | 'output'>, runId: string): () => void {
  if (config.databaseUrl === undefined) return () => {};
  const live = liveLines(process.stderr);
  const say = (line: string): void => {
    live?.clear();
    output.say(line);
  };
  const quiet = tellWaits({ config, output: { ...output, say } }, runId, { tellsWork: live === undefined });
  if (live === undefined) return quiet;
  const ended = new AbortController();
  const watching = (async () => {
    const { openPool } = await import('../store/session/open-pool.ts');
    const pool = openPool(config.databaseUrl as string, 1, config.names.controlSchema);
    const lines = progressOf(runId);
    while (!ended.signal.aborted) {
      // A run that no worker has begun yet is not in the ledger; the next look may find it.
      const found = await lines(pool).catch(() => []);
      if (!ended.signal.aborted) live.draw(found);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS).unref());
    }
    await pool.end();
  })();
  watching.catch(() => {});
  return () => {
    ended.abort();
    live.clear();
    quiet();
  };
}
