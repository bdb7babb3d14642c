import type { CircuitSettings } from '../../core/circuit-settings.ts';
import type { CircuitState } from '../../core/circuit.ts';

/** A call that failed by the fault of the partner (core/outage.ts says which do). */
export interface FailedCall {
  /** The error in words: coordinates only, no record, no secret. */
  readonly error: string;
  /** What the answer itself asked to wait, ms. */
  readonly afterMs?: number;
  /** Of the permit, where the call was a probe. */
  readonly probe?: number | null;
}

export interface Standing {
  readonly state: CircuitState;
  /** Who failed stays away that long at least, ms; 0: its own backoff decides. */
  readonly waitMs: number;
  /** When the trouble began, ISO. */
  readonly since: string;
}

export interface CircuitStatus {
  readonly partner: string;
  readonly state: CircuitState;
  /** When the trouble began, or ended; ISO. */
  readonly since: string;
  /** Nobody calls before that, ISO; null: a call may go out. */
  readonly openUntil: string | null;
  /** Since the first failure after a quiet time. */
  readonly calls: number;
  readonly failures: number;
  readonly lastError: string;
  readonly lastFailureAt: string;
  /** What a person can do. */
  readonly advice: string;
}

/**
 * What became of the calls with one credential, shared by the whole fleet. Whether a call may go out is asked together with
 * its permit (`circuit_gate` in 0004_circuit.sql), never on its own.
 */
export interface Circuit {
  failed(call: FailedCall): Promise<Standing>;
  /** Told to the others together with others, at most once a second; that of a probe at once. */
  succeeded(probe?: number | null): Promise<void>;
  /** The call of this probe never went out: the next one may have it. */
  abandoned(probe: number): Promise<void>;
  /** Undefined: no call has ever failed. */
  state(): Promise<CircuitStatus | undefined>;
  /** Tells what has not been told yet. */
  close(): Promise<void>;
}

export interface CircuitFor {
  readonly partner: string;
  readonly credential: string;
  readonly settings: CircuitSettings;
}
