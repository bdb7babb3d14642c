import { MINUTE, SECOND } from '../../core/duration.ts';
import type { RetryRules } from '../failures.ts';
import type { ActivityDeps } from '../activity-deps.ts';

/** How targets are told that a log has grown. */
export const tellingOf = ({ names, targets, heartbeatTimeoutMs }: ActivityDeps) => ({
  names,
  targets,
  times: { heartbeatTimeoutMs },
});

/** Of what is asked for ever, and no fault of anybody here: a target that is down. */
export const targetRules: RetryRules = { attempts: Infinity, base: SECOND, cap: MINUTE, total: Infinity };
