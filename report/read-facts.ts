import type { Pool } from 'pg';
import {
  callGroups,
  callsKnown,
  failedCalls,
  latencies,
  type CallGroup,
  type CallsKnown,
  type FailedCall,
  type Latency,
} from '../store/partner-report/calls-of-period.ts';
import {
  seenFields,
  unfitRecords,
  type SeenFields,
  type UnfitRecords,
} from '../store/partner-report/fields-of-period.ts';
import type { Period } from '../store/partner-report/period.ts';
import { streamRuns, toldRuns, type StreamRuns, type ToldRun } from '../store/partner-report/runs-of-period.ts';
import { throttledCalls, type Throttled } from '../store/partner-report/throttled-calls.ts';
import { toldLimits, type ToldLimits } from '../store/partner-report/told-limits.ts';
import { limitsToCount } from './decide/counted-limits.ts';
import type { Documented } from './documented.ts';

/** What the store knows of a partner's API in a period. It holds paths and reasons as they were: nothing of it is shown as it is. */
export interface ReportFacts {
  readonly period: Period;
  readonly known: CallsKnown;
  readonly runs: readonly StreamRuns[];
  readonly told: readonly ToldRun[];
  readonly calls: readonly CallGroup[];
  readonly failed: readonly FailedCall[];
  readonly latencies: readonly Latency[];
  readonly throttled: Throttled;
  readonly toldLimits: readonly ToldLimits[];
  readonly fields: readonly SeenFields[];
  readonly unfit: readonly UnfitRecords[];
}

/** Of failed calls that are alike. */
const EXAMPLES = 3;

export async function readFacts(pool: Pool, period: Period, documented: Documented): Promise<ReportFacts> {
  const stretches = limitsToCount(documented.limits).counted.flatMap(({ stretch }) => stretch ?? []);
  const without = [...documented.streams].filter(([, { ownAuth }]) => ownAuth).map(([name]) => name);
  const runs = await streamRuns(pool, period);
  const fields: SeenFields[] = [];
  for (const { streamId, stream } of runs) fields.push(await seenFields(pool, { streamId, stream }, period));
  return {
    period,
    known: await callsKnown(pool, period.partner),
    runs,
    told: await toldRuns(pool, period),
    calls: await callGroups(pool, period),
    failed: await failedCalls(pool, period, EXAMPLES),
    latencies: await latencies(pool, period),
    throttled: await throttledCalls(pool, period, { stretches, without }),
    toldLimits: await toldLimits(pool, period),
    fields,
    unfit: await unfitRecords(pool, period),
  };
}
