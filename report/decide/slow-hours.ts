import { STEP, type Latency } from '../../store/partner-report/calls-of-period.ts';

export interface Quantiles {
  readonly calls: number;
  /** ms, to within some per cent: they are made of steps. */
  readonly medianMs: number;
  readonly p95Ms: number;
}

export interface SlowHour extends Quantiles {
  /** Of the day, UTC. */
  readonly hour: number;
  /** All other hours. */
  readonly rest: Quantiles;
}

/** How long the answers of one stream took. */
export interface StreamLatency {
  readonly stream: string;
  readonly now: Quantiles;
  /** In the time before; null: too few calls of it are known. */
  readonly before: Quantiles | null;
  /** Clearly slower ones than the others, by the hour. */
  readonly slow: readonly SlowHour[];
}

/** With fewer calls, one slow answer would make an hour slow. */
const ENOUGH = 20;
const SLOWER = 1.5;
/** Less is nothing that a partner could find. */
const AT_LEAST_MS = 50;

/** One stream is held against itself only: at other hours other streams are read. */
export function streamLatencies(rows: readonly Latency[]): readonly StreamLatency[] {
  return [...new Set(rows.map(({ stream }) => stream))].toSorted().flatMap((stream) => {
    const own = rows.filter((row) => row.stream === stream);
    const now = own.filter((row) => row.now);
    const [all, before] = [quantiles(now), quantiles(own.filter((row) => !row.now))];
    if (all === null) return [];
    const slow = [...new Set(now.map(({ hour }) => hour))]
      .toSorted((a, b) => a - b)
      .flatMap((hour) => slowHour(hour, now));
    return [{ stream, now: all, before: before !== null && before.calls >= ENOUGH ? before : null, slow }];
  });
}

const isSlower = (one: number, other: number): boolean => one >= other * SLOWER && one - other >= AT_LEAST_MS;

function slowHour(hour: number, now: readonly Latency[]): readonly SlowHour[] {
  const of = quantiles(now.filter((row) => row.hour === hour));
  const rest = quantiles(now.filter((row) => row.hour !== hour));
  if (of === null || rest === null || of.calls < ENOUGH || rest.calls < ENOUGH) return [];
  return isSlower(of.medianMs, rest.medianMs) || (isSlower(of.p95Ms, rest.p95Ms) && of.p95Ms >= rest.p95Ms * 2)
    ? [{ hour, ...of, rest }]
    : [];
}

/** null: of no call. */
export function quantiles(rows: readonly Pick<Latency, 'step' | 'calls'>[]): Quantiles | null {
  const steps = rows.toSorted((a, b) => a.step - b.step);
  const calls = steps.reduce((sum, each) => sum + each.calls, 0);
  if (calls === 0) return null;
  const at = (share: number): number => {
    let passed = 0;
    const found = steps.find((each) => (passed += each.calls) >= calls * share) ?? steps.at(-1);
    return rounded(STEP ** ((found?.step ?? 0) + 0.5));
  };
  return { calls: Math.round(calls), medianMs: at(0.5), p95Ms: at(0.95) };
}

/** Two digits are all that steps tell. */
const rounded = (ms: number): number => Number(ms.toPrecision(2));
