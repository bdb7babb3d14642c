import type { PermitWait } from '../../core/grant-waits.ts';
import type { Bucket } from '../declare/bucket.ts';
import { KEPT_FOR_CRITICAL } from './limiter.ts';

/** What take_permits.sql says was in the way, as a kind: the name of a bucket, words of its own, or what the partner said when it was last asked. */
export function permitWaitOf(
  { cause, down }: { readonly cause: string | null; readonly down: boolean },
  buckets: readonly Pick<Bucket, 'name' | 'kind'>[],
): PermitWait {
  if (down) return 'outage';
  if (cause?.endsWith(KEPT_FOR_CRITICAL) === true) return 'lane';
  return buckets.find(({ name }) => name === cause)?.kind ?? 'partner';
}

/** What a request waits for whose process has the turn, or stands in line for it: the limits that need one are spaced so. */
export const turnWaitOf = (buckets: readonly Pick<Bucket, 'kind'>[]): PermitWait =>
  buckets.find(({ kind }) => kind === 'rate' || kind === 'window')?.kind ?? 'rate';
