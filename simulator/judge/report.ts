import type { Micros } from '../micros.ts';
import type { Account } from './account.ts';
import type { Arrival, Verdict } from './arrivals.ts';
import type { Run } from './run.ts';
import { gapsBetween } from './gaps.ts';
import type { Gaps } from './gaps.ts';
import { idealWallUs } from './ideal.ts';
import type { OutageReport } from './outages.ts';
import type { Standing } from './panel.ts';
import type { Early } from './told.ts';

/** What a run came to. Times of arrival are epoch microseconds by the judge's clock. */
export interface JudgeReport {
  readonly requests: number;
  readonly admitted: number;
  /** Refused by the judges: self-made. What was scripted, and outages, are not among them. */
  readonly refused: number;
  readonly scripted: number;
  /** Arrivals before a reset that had been told, by token; see `transitMs`. */
  readonly early: number;
  readonly inTransit: number;
  readonly unauthorized: number;
  /** Answers that went out. */
  readonly byStatus: Readonly<Record<string, number>>;
  readonly byStream: Readonly<Record<string, number>>;
  readonly maxConcurrent: number;
  /** From first to last arrival that passed. */
  readonly wallMs: number;
  /** The least that could have been, of the token that needs longest. */
  readonly idealWallMs: number;
  readonly outages: readonly OutageReport[];
  readonly tokens: readonly TokenReport[];
  /** Arrivals beyond what is kept: counted above, but not part of gaps, walls and ideals. */
  readonly notKept: number;
}

export interface TokenReport {
  /** A fingerprint. */
  readonly token: string;
  readonly requests: number;
  readonly admitted: number;
  readonly refused: number;
  readonly early: number;
  readonly inTransit: number;
  /** Of arrivals that passed. */
  readonly gaps: Gaps;
  readonly wallMs: number;
  readonly idealWallMs: number;
  readonly judges: readonly Standing[];
  readonly resets: readonly ResetReport[];
  /** The first thousand. */
  readonly earlyArrivals: readonly Early[];
}

export interface ResetReport {
  readonly toldAtUs: Micros;
  readonly untilUs: Micros;
  readonly early: number;
  /** From the reset to the first arrival after it; null: nobody came. */
  readonly firstAfterMs: number | null;
}

export function reportOf(run: Run): JudgeReport {
  const { arrivals, counts, accounts } = run;
  const byToken = new Map<string, Arrival[]>();
  const byStream: Record<string, number> = {};
  const passed: Span = { firstUs: undefined, lastUs: 0 };
  for (let index = 0; index < arrivals.kept(); index += 1) {
    const arrival = arrivals.at(index);
    byStream[arrival.stream] = (byStream[arrival.stream] ?? 0) + 1;
    if (arrival.verdict === 'admitted') stretch(passed, arrival.atUs);
    const own = byToken.get(arrival.token);
    if (own === undefined) byToken.set(arrival.token, [arrival]);
    else own.push(arrival);
  }
  const tokens = [...accounts.values()].map((account) => tokenReport(run, account, byToken.get(account.token) ?? []));
  const sum = (field: 'early' | 'inTransit'): number => tokens.reduce((total, each) => total + each[field], 0);
  return {
    requests: arrivals.total(),
    admitted: counts.byVerdict.admitted,
    refused: counts.byVerdict.refused,
    scripted: counts.byVerdict.scripted,
    early: sum('early'),
    inTransit: sum('inTransit'),
    unauthorized: counts.byVerdict.unauthorized,
    byStatus: { ...counts.byStatus },
    byStream,
    maxConcurrent: counts.maxConcurrent,
    wallMs: msOf(passed),
    idealWallMs: tokens.reduce((longest, each) => Math.max(longest, each.idealWallMs), 0),
    outages: run.outages.report(),
    tokens,
    notKept: arrivals.total() - arrivals.kept(),
  };
}

function tokenReport(run: Run, { token, told, panel }: Account, own: readonly Arrival[]): TokenReport {
  const admitted = own.filter((arrival) => arrival.verdict === 'admitted');
  const count = (verdict: Verdict): number => own.filter((arrival) => arrival.verdict === verdict).length;
  const passed: Span = { firstUs: undefined, lastUs: 0 };
  for (const arrival of admitted) stretch(passed, arrival.atUs);
  return {
    token,
    requests: own.length,
    admitted: admitted.length,
    refused: count('refused'),
    early: told.early(),
    inTransit: told.inTransit(),
    gaps: gapsBetween(admitted.map((arrival) => arrival.atUs)),
    wallMs: msOf(passed),
    idealWallMs: idealWallUs(run.settings, passed.firstUs ?? 0, admitted) / 1000,
    judges: panel.standings(),
    resets: told.resets.map(({ toldAtUs, untilUs, firstAtUs, early }) => ({
      toldAtUs,
      untilUs,
      early,
      firstAfterMs: firstAtUs === null ? null : (firstAtUs - untilUs) / 1000,
    })),
    earlyArrivals: told.earlyOnes,
  };
}

interface Span {
  firstUs: Micros | undefined;
  lastUs: Micros;
}

function stretch(span: Span, atUs: Micros): void {
  span.firstUs ??= atUs;
  span.lastUs = atUs;
}

const msOf = ({ firstUs, lastUs }: Span): number => (firstUs === undefined ? 0 : (lastUs - firstUs) / 1000);
