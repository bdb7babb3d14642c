import { Context } from '@temporalio/activity';
import { HOUR, MINUTE, SECOND } from '../core/duration.ts';
import type { ActivityDeps } from './index.ts';
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

/** The same for what may take long without a word. */
export async function translatedAlive<T>(
  deps: Pick<ActivityDeps, 'now' | 'random' | 'heartbeatTimeoutMs'>,
  work: () => Promise<T>,
): Promise<T> {
  const context = Context.current();
  const beating = setInterval(() => context.heartbeat(), Math.min(5 * SECOND, deps.heartbeatTimeoutMs / 4));
  try {
    return await translated(deps, work);
  } finally {
    clearInterval(beating);
  }
}
