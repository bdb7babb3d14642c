import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import { isServed } from '../client/missing-pollers.ts';
import { resultOf } from '../client/result-of.ts';
import { startCompare } from '../client/start-compare.ts';
import { InvalidInput, NeedsAttention } from '../core/errors.ts';
import type { PlaceInTarget } from '../messages/apply-target.ts';
import type { Names } from '../messages/names.ts';
import { readComparison, type Comparison } from '../store/comparisons/read-comparisons.ts';

export interface ComparesWith {
  readonly client: Client;
  readonly pool: Pool;
  readonly names: Names;
  readonly heartbeatTimeoutMs: number;
}

/** Throws InvalidInput where nobody would do it. */
export async function expectServed(
  { client, names }: Pick<ComparesWith, 'client' | 'names'>,
  target: string,
): Promise<void> {
  if (await isServed(client, names, target)) return;
  throw new InvalidInput(`no worker serves the target ${target}: start \`syncline worker --role target=${target}\``);
}

/** Compares a table in a target with the store, in the worker that has the target open, and waits for that. */
export async function compareInTarget(
  { client, pool, names, heartbeatTimeoutMs }: ComparesWith,
  place: PlaceInTarget,
): Promise<Comparison> {
  const handle = await startCompare(client, names, { ...place, times: { heartbeatTimeoutMs } });
  const report = await resultOf(handle);
  if (report.state === 'refused')
    throw new NeedsAttention(report.reason, { at: { partner: place.partner, stream: place.stream } });
  return readComparison(pool, report.comparison);
}
