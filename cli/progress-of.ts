import type { Pool } from 'pg';
import { expectedRows, type ExpectedRows } from '../store/inspect/expected-rows.ts';
import { showRun } from '../store/inspect/inspect.ts';
import { progressLine, remember, type Sample } from './terminal/progress.ts';

/** Looks once for each call: a line for each stream of the run that is being read. */
export function progressOf(runId: string, now = Date.now): (pool: Pool) => Promise<readonly string[]> {
  const samples = new Map<string, readonly Sample[]>();
  let expected: ReadonlyMap<string, ExpectedRows> = new Map();
  return async (pool) => {
    const { streams } = await showRun(pool, runId);
    const running = streams.filter(({ state }) => state === 'running');
    if (running.some(({ stream }) => !expected.has(stream))) expected = await expectedRows(pool, runId);
    const width = Math.max(0, ...running.map(({ stream }) => stream.length));
    return running.map(({ stream, counts }) => {
      const seen = remember(samples.get(stream) ?? [], { atMs: now(), rows: counts.fetched });
      samples.set(stream, seen);
      return progressLine({ stream, samples: seen, expected: expected.get(stream), width });
    });
  };
}
