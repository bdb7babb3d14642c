import { expect } from '@jest/globals';
import { balances } from '../../core/counts.ts';
import type { PartnerInput, StreamInput } from '../../definitions/definition.ts';
import type { FaultInput } from '../../simulator/fault.ts';
import type { StreamName } from '../../simulator/records.ts';
import type { StreamReport } from '../../messages/stream-report.ts';
import { streamReport } from './pull-bench.ts';
import type { BenchPartner, PullBench } from './pull-bench.ts';
import { payments } from './simulator-streams.ts';

export interface PullCase {
  readonly faults: readonly FaultInput[];
  readonly stream?: StreamName;
  readonly definition?: StreamInput;
  readonly partner?: Partial<PartnerInput>;
}

export interface PulledOne {
  readonly partner: BenchPartner;
  readonly report: StreamReport;
  /** What the partner saw. */
  readonly requests: number;
}

/** One run of one stream against a bad partner: 200 payments in 8 pages, or what the case says. Whatever its end, it balances. */
export async function pullOne(bench: PullBench, of: PullCase): Promise<PulledOne> {
  const { stream = 'payments', definition = payments, faults, partner: more = {} } = of;
  const run = await bench.syncOnce({ simulator: { faults }, streams: { [stream]: definition }, partner: more });
  const report = streamReport(run.report, stream);
  expect(balances(report.counts)).toBe(true);
  return { partner: run.partner, report, requests: run.partner.simulator.stats().requests };
}
