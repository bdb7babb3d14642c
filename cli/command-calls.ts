import type { Pool } from 'pg';
import type { NotedCalls } from '../activities/pull/note-call.ts';
import type { Config } from '../config/config.ts';
import type { CallMaker } from '../core/call.ts';
import { bufferedCalls } from '../store/calls/buffered-calls.ts';
import { writeCalls } from '../store/calls/write-calls.ts';

export interface CommandCalls {
  /** undefined: there is no database, or no call is kept. */
  readonly noted: NotedCalls | undefined;
  readonly close: () => Promise<void>;
}

/** The call log for the requests that a command makes itself. What cannot be written there is left out: the command does not fail for it. */
export function commandCalls(
  pool: Pool | undefined,
  { calls }: Pick<Config, 'calls'>,
  madeBy: CallMaker,
): CommandCalls {
  if (pool === undefined || calls.keepMs === 0) return { noted: undefined, close: () => Promise.resolve() };
  const log = bufferedCalls({
    write: (group) => writeCalls(pool, group),
    warn: () => {},
    sample: 1,
    random: Math.random,
  });
  return {
    // They are few, and a person looks at each.
    noted: {
      log: { ...log, weigh: () => 1 },
      owner: { syncId: null, runId: null, workflowRunId: null, attempt: 1, madeBy },
    },
    close: () => log.close(),
  };
}
