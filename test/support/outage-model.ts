import { backoffMs } from '../../core/backoff.ts';
import type { CircuitSettings } from '../../core/circuit-settings.ts';
import { askCircuit, reportCalls, type Circuit } from '../../core/circuit.ts';

interface Outage {
  readonly outageMs: number;
  readonly streams: number;
  /** How long a call takes. */
  readonly callMs: number;
}

interface Event {
  readonly atMs: number;
  readonly stream: number;
  readonly attempt: number;
  /** The end of this call; undefined: the stream asks for leave. */
  readonly call?: { readonly begunMs: number; readonly probe: number | null };
}

/** Streams that call as Temporal lets them, from the moment the partner goes down until each has had a good call. */
export function liveThrough(
  outage: Outage,
  settings: CircuitSettings,
  random: () => number,
): { readonly calls: number; readonly recoveryMs: number } {
  let circuit: Circuit | undefined;
  let calls = 0;
  let firstGoodMs = Infinity;
  const resumed = new Set<number>();
  const events: Event[] = Array.from({ length: outage.streams }, (_, stream) => ({ atMs: 0, stream, attempt: 1 }));
  while (resumed.size < outage.streams) {
    const { atMs: now, stream, attempt, call } = takeNext(events);
    if (call === undefined) {
      const gate = askCircuit(circuit, now);
      circuit = gate.circuit;
      if (gate.waitMs > 0) {
        events.push({ atMs: now + gate.waitMs, stream, attempt });
        continue;
      }
      if (now < outage.outageMs) calls += 1;
      events.push({ atMs: now + outage.callMs, stream, attempt, call: { begunMs: now, probe: gate.probe } });
      continue;
    }
    const good = call.begunMs >= outage.outageMs;
    const report = { ok: good ? 1 : 0, okAgoMs: 0, error: good ? null : 'down', afterMs: 0, probe: call.probe };
    const reported = reportCalls(circuit, report, settings, { now, random: random() });
    circuit = reported.circuit;
    if (good) {
      firstGoodMs = Math.min(firstGoodMs, call.begunMs);
      resumed.add(stream);
      continue;
    }
    const backoff = backoffMs({ attempt, baseMs: settings.baseMs, capMs: settings.capMs, random: random() });
    events.push({ atMs: now + Math.max(1, reported.waitMs, backoff), stream, attempt: attempt + 1 });
  }
  return { calls, recoveryMs: firstGoodMs - outage.outageMs };
}

function takeNext(events: Event[]): Event {
  let first = 0;
  for (const [i, event] of events.entries()) if (event.atMs < (events[first] as Event).atMs) first = i;
  return events.splice(first, 1)[0] as Event;
}

/** Numbers in [0, 1), the same for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}
