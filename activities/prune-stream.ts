import { InvalidInput } from '../core/errors.ts';
import { SECOND } from '../core/duration.ts';
import type { PruneStreamInput, PrunedStream } from '../messages/prune.ts';
import type { ActivityDeps } from './activity-deps.ts';

interface PruneContext {
  readonly cancellationSignal: AbortSignal;
  heartbeat(details?: unknown): void;
}

/** Looking for what may go reads a log once, and says nothing meanwhile. */
export async function pruneStream(
  { partners, warehouse }: Pick<ActivityDeps, 'partners' | 'warehouse'>,
  { partner, stream: name }: PruneStreamInput,
  context: PruneContext,
): Promise<PrunedStream> {
  const stream = (await partners.streams(partner)).get(name);
  if (stream === undefined) throw new InvalidInput(`${partner} has no stream ${name}`);
  const alive = setInterval(() => context.heartbeat(), 5 * SECOND);
  try {
    return await warehouse.pruneStream(stream, { dryRun: false, signal: context.cancellationSignal });
  } finally {
    clearInterval(alive);
  }
}
