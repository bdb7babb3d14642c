import { Context } from '@temporalio/activity';
import { HOUR, MINUTE, SECOND } from '../core/duration.ts';
import type { ActivityDeps } from './activity-deps.ts';
import { toFailure, type RetryRules } from './failures.ts';

export const defaultRules: RetryRules = { attempts: 8, base: SECOND, cap: MINUTE, total: HOUR };

/** Does short work of the control queue; what fails says whether and when it is tried again. */
export async function translated<T>(deps: Pick<ActivityDeps, 'now' | 'random'>, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toFailure(error, {
      attempt: Context.current().info.attempt,
      failingForMs: 0,
      retry: defaultRules,
      nowMs: deps.now(),
      random: deps.random(),
    });
  }
}

/** The same for what may take long. What it says of its progress is seen in the Temporal UI. */
export async function translatedAlive<T>(
  deps: Pick<ActivityDeps, 'now' | 'random' | 'heartbeatTimeoutMs'>,
  work: (progress: (text: string) => void) => Promise<T>,
): Promise<T> {
  const context = Context.current();
  let said: string | undefined;
  const beating = setInterval(() => context.heartbeat(said), Math.min(5 * SECOND, deps.heartbeatTimeoutMs / 4));
  try {
    return await translated(deps, () =>
      work((text) => {
        said = text;
      }),
    );
  } finally {
    clearInterval(beating);
  }
}
