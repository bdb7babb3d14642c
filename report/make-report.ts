import type { CallGroup, FailedCall } from '../store/partner-report/calls-of-period.ts';
import type { Evidence } from '../store/partner-report/period.ts';
import type { ToldRun } from '../store/partner-report/runs-of-period.ts';
import { limitsToCount } from './decide/counted-limits.ts';
import { doubtOf } from './decide/doubt-kinds.ts';
import { fieldChanges } from './decide/field-changes.ts';
import { judgeLimits } from './decide/judge-throttled.ts';
import { shownPath } from './decide/shown-path.ts';
import { streamLatencies } from './decide/slow-hours.ts';
import { unfitFields } from './decide/unfit-kinds.ts';
import type { Documented } from './documented.ts';
import type { Doubt, ErrorKind, FalseTotal, PartnerReport, StreamLine } from './partner-report.ts';
import type { ReportFacts } from './read-facts.ts';

/** Decides what of the facts is worth telling the partner, and leaves out what is nobody's business. */
export function makeReport(facts: ReportFacts, documented: Documented): PartnerReport {
  const { period, known, runs, told } = facts;
  const { partner, before, from, to } = period;
  const [now, earlier] = [
    told.filter(({ startedAt }) => startedAt >= from),
    told.filter(({ startedAt }) => startedAt < from),
  ];
  const since = runs.flatMap(({ since }) => since ?? []).toSorted();
  return {
    partner,
    madeAt: to,
    from,
    to,
    known: {
      calls: known.since,
      runs: since[0] ?? null,
      callsBefore: known.since === null || known.since >= from ? null : known.since > before ? known.since : before,
    },
    streams: streamLines(facts, documented),
    totals: now.flatMap(falseTotal),
    doubts: now.flatMap(doubted),
    before: { totals: earlier.flatMap(falseTotal).length, doubts: earlier.flatMap(doubted).length },
    errors: errorKinds(facts, documented),
    latency: streamLatencies(facts.latencies),
    limits: {
      ...judgeLimits(facts.throttled, {
        limits: limitsToCount(documented.limits),
        knownSinceMs: known.since === null ? Infinity : known.complete ? -Infinity : Date.parse(known.since),
      }),
      told: facts.toldLimits.toSorted((a, b) => b.calls - a.calls),
    },
    fields: facts.fields.map((seen) => ({
      stream: seen.stream,
      looked: seen.now,
      lookedBefore: seen.before,
      since: seen.since,
      cut: seen.cut,
      ...fieldChanges(seen, documented.streams.get(seen.stream)?.fields),
    })),
    unfit: unfitFields(facts.unfit, (stream) => documented.streams.get(stream)?.names ?? new Set()),
  };
}

const callsIn = (groups: readonly CallGroup[]): number => groups.reduce((sum, { calls }) => sum + calls, 0);
/** What we broke off ourselves says nothing of the partner. */
const isFailure = ({ error }: Pick<CallGroup, 'error'>): boolean => error !== null && error !== 'cancelled';

function streamLines({ runs, calls }: ReportFacts, { streams }: Documented): readonly StreamLine[] {
  const names = new Set([...runs.map(({ stream }) => stream), ...calls.map(({ stream }) => stream)]);
  return [...names].toSorted().map((stream) => {
    const run = runs.find((each) => each.stream === stream);
    const own = calls.filter((each) => each.stream === stream && each.now);
    return {
      stream,
      path: streams.get(stream)?.path ?? null,
      runs: run?.runs ?? 0,
      notOk: run?.notOk ?? 0,
      records: run?.fetched ?? 0,
      calls: callsIn(own),
      failedCalls: callsIn(own.filter(isFailure)),
    };
  });
}

const evidenceOf = ({ at, startedAt, stream, runId, requestId }: ToldRun): Evidence => ({
  at: at ?? startedAt,
  stream,
  requestId,
  runId,
});

/** More records than keys can be known of prove nothing: some may have come twice. */
export function falseTotal(run: ToldRun): readonly FalseTotal[] {
  const { stated, distinct, fetched } = run;
  if (stated === null) return [];
  const came = distinct ?? fetched;
  if (came === stated || (distinct === null && came > stated)) return [];
  return [{ ...evidenceOf(run), stated, came, repeated: distinct === null ? null : fetched - distinct }];
}

function doubted(run: ToldRun): readonly Doubt[] {
  const { doubt, failed } = run;
  const kind = doubt === null ? undefined : doubtOf({ doubt, failed });
  return kind === undefined ? [] : [{ kind, ...evidenceOf(run) }];
}

function errorKinds({ calls, failed, known, period }: ReportFacts, { literals }: Documented): readonly ErrorKind[] {
  const hasBefore = known.since !== null && known.since < period.from;
  const found = calls.filter((group) => group.now && isFailure(group));
  return found
    .flatMap((group): ErrorKind[] => {
      const { stream, error, status, code, firstAt, lastAt } = group;
      if (error === null) return [];
      const alike = (other: CallGroup | FailedCall): boolean =>
        (['stream', 'purpose', 'error', 'status', 'code'] as const).every((name) => other[name] === group[name]);
      const own = calls.filter((each) => each.stream === stream && each.purpose === group.purpose);
      const before = own.filter(({ now }) => !now);
      return [
        {
          stream,
          kind: error,
          status,
          // Node's own names only.
          code: code !== null && /^[A-Z][A-Z0-9_]{0,40}$/.test(code) ? code : null,
          token: group.purpose === 'token',
          calls: group.calls,
          of: callsIn(own.filter(({ now }) => now)),
          before: hasBefore ? { calls: callsIn(before.filter(alike)), of: callsIn(before) } : null,
          firstAt,
          lastAt,
          examples: failed.filter(alike).map((call) => ({
            at: call.at,
            stream,
            requestId: call.requestId,
            runId: call.runId,
            call: `${call.method} ${shownPath(call.path, literals)}`,
          })),
        },
      ];
    })
    .toSorted((a, b) => b.calls - a.calls);
}
