import { circuitSettings, type CircuitSettings } from '../../core/circuit-settings.ts';
import { askCircuit, reportCalls, type CallReport, type Circuit, type Gate } from '../../core/circuit.ts';
import { MINUTE, SECOND } from '../../core/duration.ts';

export const usualSettings = circuitSettings({ baseMs: SECOND, capMs: MINUTE, timeoutMs: 30 * SECOND });
export const START = Date.UTC(2026, 10, 24);

/** A circuit and its clock, told by hand. */
export class Told {
  circuit: Circuit | undefined;
  now = START;
  readonly #settings: CircuitSettings;
  constructor(change: Partial<CircuitSettings> = {}) {
    this.#settings = { ...usualSettings, ...change };
  }
  report(report: Partial<CallReport>, random = 0.5): number {
    const full = { ok: 0, okAgoMs: 0, error: null, afterMs: 0, probe: null, ...report };
    const { circuit, waitMs } = reportCalls(this.circuit, full, this.#settings, { now: this.now, random });
    this.circuit = circuit;
    return waitMs;
  }
  fail(times = 1, random = 0.5): number {
    let waitMs = 0;
    for (let i = 0; i < times; i++) waitMs = this.report({ error: 'acme payments page 3: answered 502' }, random);
    return waitMs;
  }
  ask(): Gate {
    const { circuit, waitMs, probe } = askCircuit(this.circuit, this.now);
    this.circuit = circuit;
    return { waitMs, probe };
  }
  /** Waits until a call may go out, which must be a probe. */
  probe(): number {
    for (let i = 0; i < 2; i++) {
      const { waitMs, probe } = this.ask();
      if (probe !== null) return probe;
      this.now += waitMs;
    }
    throw new Error('no probe was given');
  }
}
