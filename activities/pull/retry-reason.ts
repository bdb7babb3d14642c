import { PartnerDown, RetryLater, WarehouseUnavailable } from '../../core/errors.ts';
import type { RetryReason } from '../../core/metrics.ts';
import { codeOf } from '../../http/transport-failure.ts';

/** Why a grant that ended with this error is tried again; undefined: it is not, or only a limit made it wait. */
export function retryReasonOf(error: unknown): RetryReason | undefined {
  if (!(error instanceof RetryLater)) return undefined;
  if (error instanceof PartnerDown) return 'outage';
  if (error instanceof WarehouseUnavailable) return 'database';
  const { status } = error.at;
  if (status !== undefined) return status >= 500 ? 'server' : 'again';
  const code = codeOf(error);
  if (code === 'UNKNOWN') return 'again';
  return code === 'ETIMEDOUT' ? 'timeout' : 'connection';
}
