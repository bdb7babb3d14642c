import type { CircuitSettings } from './circuit-settings.ts';

/**
 * When most calls with a credential fail: stop asking, probe with one call at a time, resume. This is the model; what runs is
 * its twin in SQL (store/migrations/0004_circuit.sql), where the row is locked, and a test holds the two together.
 */

export const circuitStates = ['closed', 'open', 'probing'] as const;
export type CircuitState = (typeof circuitStates)[number];

/** Times are epoch ms. */
export interface Circuit {
  readonly state: CircuitState;
  /** Not closed: when the trouble began. */
  readonly since: number;
  /** Open: nobody calls before. Probing: the end of the probe's lease. */
  readonly until: number | null;
  readonly leaseMs: number;
  /** Number of the last probe; who reports under an older one is not heard. */
  readonly probe: number;
  readonly goodProbes: number;
  /** Openings and failed probes one after the other. */
  readonly strikes: number;
  /** Failures in a row. */
  readonly streak: number;
  /** Number of the current period since 1970; its counts and those of the one before. */
  readonly period: number;
  readonly ok: number;
  readonly failed: number;
  readonly okBefore: number;
  readonly failedBefore: number;
  readonly tokens: number;
  /** Since the first failure after a quiet time. */
  readonly calls: number;
  readonly failures: number;
  readonly lastFailureAt: number;
  readonly lastError: string;
}

export interface Gate {
  /** 0: go. */
  readonly waitMs: number;
  /** The call is a probe, under this number: the only one of the whole fleet. */
  readonly probe: number | null;
}

/** While a probe is out the others look again after as long as it has been out, and not before this, ms. */
const LOOK_AGAIN_MS = 250;

/** May a call go out? `undefined`: nothing has ever failed. */
export function askCircuit(
  circuit: Circuit | undefined,
  now: number,
): Gate & { readonly circuit: Circuit | undefined } {
  if (circuit === undefined || circuit.state === 'closed') return { waitMs: 0, probe: null, circuit };
  const until = circuit.until ?? now;
  if (until <= now) {
    const probe = circuit.probe + 1;
    return { waitMs: 0, probe, circuit: { ...circuit, state: 'probing', probe, until: now + circuit.leaseMs } };
  }
  const left = until - now;
  const waitMs = circuit.state === 'open' ? left : Math.min(left, Math.max(LOOK_AGAIN_MS, circuit.leaseMs - left));
  return { waitMs, probe: null, circuit };
}

export interface CallReport {
  /** Calls that went well, and how long ago the last of them did, ms. */
  readonly ok: number;
  readonly okAgoMs: number;
  readonly error: string | null;
  /** What the failed answer itself asked to wait, ms; 0: nothing. */
  readonly afterMs: number;
  readonly probe: number | null;
}

export interface Reported {
  readonly circuit: Circuit | undefined;
  /** How long who failed stays away at least, ms; 0: its own backoff decides. */
  readonly waitMs: number;
}

export interface At {
  readonly now: number;
  /** In [0, 1). */
  readonly random: number;
}

/** What became of some calls. */
export function reportCalls(
  known: Circuit | undefined,
  report: CallReport,
  settings: CircuitSettings,
  at: At,
): Reported {
  const { error } = report;
  const quiet = isQuiet(known, settings, at.now);
  if (quiet && error === null) return { circuit: known, waitMs: 0 };
  const counted = count(
    quiet ? fresh(settings, at.now, known?.probe ?? 0) : (known as Circuit),
    report,
    settings,
    at.now,
  );
  if (counted.state !== 'closed') {
    const circuit = isItsProbe(counted, report) ? probed(counted, report, settings, at) : counted;
    return { circuit, waitMs: error === null ? 0 : Math.max(0, (circuit.until ?? at.now) - at.now) };
  }
  const circuit = tally(counted, report, settings, { now: at.now, failedAt: known?.lastFailureAt ?? at.now });
  if (error === null) return { circuit, waitMs: 0 };
  if (isBad(circuit, settings, at.now)) {
    const opened = open({ ...circuit, since: at.now }, report, settings, at);
    return { circuit: opened, waitMs: (opened.until ?? at.now) - at.now };
  }
  if (circuit.tokens >= 1) return { circuit: { ...circuit, tokens: circuit.tokens - 1 }, waitMs: 0 };
  return { circuit, waitMs: jittered(settings.capMs, at.random) };
}

/** Without a failure for a whole period: as if nothing had ever happened. */
function isQuiet(circuit: Circuit | undefined, { windowMs }: CircuitSettings, now: number): boolean {
  if (circuit === undefined) return true;
  return circuit.state === 'closed' && Math.max(circuit.lastFailureAt, circuit.since) <= now - windowMs;
}

const fresh = (settings: CircuitSettings, now: number, probe: number): Circuit => ({
  state: 'closed',
  since: now,
  until: null,
  leaseMs: settings.leaseMs,
  probe,
  goodProbes: 0,
  strikes: 0,
  streak: 0,
  period: Math.floor(now / settings.windowMs),
  ok: 0,
  failed: 0,
  okBefore: 0,
  failedBefore: 0,
  tokens: settings.retries,
  calls: 0,
  failures: 0,
  lastFailureAt: now,
  lastError: '',
});

function count(circuit: Circuit, { ok, error }: CallReport, { leaseMs }: CircuitSettings, now: number): Circuit {
  const calls = circuit.calls + ok + (error === null ? 0 : 1);
  if (error === null) return { ...circuit, leaseMs, calls };
  return { ...circuit, leaseMs, calls, failures: circuit.failures + 1, lastFailureAt: now, lastError: error };
}

/** Calls that began before it opened end after; they say nothing about now. Only the probe does. */
const isItsProbe = (circuit: Circuit, { probe }: CallReport): boolean =>
  circuit.state === 'probing' && probe === circuit.probe;

function probed(circuit: Circuit, report: CallReport, settings: CircuitSettings, at: At): Circuit {
  if (report.error !== null) return open(circuit, report, settings, at);
  const goodProbes = circuit.goodProbes + 1;
  if (goodProbes < settings.probes) return { ...circuit, state: 'open', goodProbes, until: at.now };
  return {
    ...fresh(settings, at.now, circuit.probe),
    // Kept: who fails again right after closing is left alone for longer, not for as short as the first time.
    strikes: circuit.strikes,
    tokens: circuit.tokens,
    calls: circuit.calls,
    failures: circuit.failures,
    lastFailureAt: circuit.lastFailureAt,
    lastError: circuit.lastError,
  };
}

function open(circuit: Circuit, { afterMs }: CallReport, settings: CircuitSettings, { now, random }: At): Circuit {
  const strikes = circuit.strikes + 1;
  const longestMs = Math.min(settings.capMs, settings.baseMs * 2 ** Math.min(strikes - 1, 30));
  const until = now + Math.max(jittered(longestMs, random), Math.ceil(afterMs));
  return { ...circuit, state: 'open', strikes, goodProbes: 0, until };
}

/** Never less than half: with jitter from 0 one probe might follow the other at once. */
const jittered = (longestMs: number, random: number): number => Math.ceil(longestMs / 2 + (random * longestMs) / 2);

function tally(
  circuit: Circuit,
  { ok, okAgoMs, error }: CallReport,
  settings: CircuitSettings,
  { now, failedAt }: { readonly now: number; readonly failedAt: number },
): Circuit {
  const failed = error === null ? 0 : 1;
  const period = Math.floor(now / settings.windowMs);
  const gone = period - circuit.period;
  return {
    ...circuit,
    period,
    ok: ok + (gone === 0 ? circuit.ok : 0),
    failed: failed + (gone === 0 ? circuit.failed : 0),
    okBefore: gone === 0 ? circuit.okBefore : gone === 1 ? circuit.ok : 0,
    failedBefore: gone === 0 ? circuit.failedBefore : gone === 1 ? circuit.failed : 0,
    // Successes are told together and late: only one that came after the last failure ends the streak.
    streak: failed + (ok > 0 && now - okAgoMs > failedAt ? 0 : circuit.streak),
    tokens: Math.min(settings.retries, circuit.tokens + ok * settings.refund),
  };
}

/** The period before counts by the part of it that the last `windowMs` still cover. */
function isBad(circuit: Circuit, { windowMs, minCalls, share, streak }: CircuitSettings, now: number): boolean {
  if (circuit.streak >= streak) return true;
  const covered = 1 - (now - circuit.period * windowMs) / windowMs;
  const failed = circuit.failed + circuit.failedBefore * covered;
  const calls = failed + circuit.ok + circuit.okBefore * covered;
  return calls >= minCalls && failed >= share * calls;
}
