import { MINUTE, SECOND } from '../../core/duration.ts';
import type { BlockSubject } from '../../store/callers/blocks.ts';
import { MANY_CALLERS, UNKNOWN_KEYS, type MisuseCause } from '../../store/callers/misuse-causes.ts';
import { CallersOfSource, type CallersLimit } from './callers-of-source.ts';
import { ErrorShare, type ErrorShareLimit } from './error-share.ts';
import { LeakyCounts, type LeakyCount } from './leaky-counts.ts';

interface Blocking {
  readonly blockMs: number;
}

export interface MisuseSettings {
  /** Keys from one source that nobody has, that have ended, or that may not be used from there. */
  readonly unknownKeys: LeakyCount & Blocking;
  readonly callersOfSource: CallersLimit & Blocking;
  readonly errors: ErrorShareLimit & Blocking;
  /** Requests of one caller that come although its limits refuse them. */
  readonly refused: LeakyCount & Blocking;
}

export const defaultMisuse: MisuseSettings = {
  unknownKeys: { most: 30, perMs: MINUTE, blockMs: 10 * MINUTE },
  callersOfSource: { most: 50, perMs: 10 * MINUTE, blockMs: 10 * MINUTE },
  errors: { share: 0.8, least: 200, halfMs: MINUTE, blockMs: MINUTE },
  // Refusing costs little: this stops loops that retry at once, and leaves alone a dump that comes too fast for a moment.
  refused: { most: 10_000, perMs: MINUTE, blockMs: 5 * SECOND },
};

export interface FoundMisuse extends BlockSubject {
  readonly cause: MisuseCause;
  readonly forMs: number;
}

/** Slow bodies and requests in flight are no errors of what was sent. */
const noErrors = new Set([408, 409, 429]);

/**
 * Counts in this process alone who misuses the door: a guess then costs no write. Over several processes somebody may do so many times
 * as much before the block, which holds in all of them.
 */
export class Misuse {
  readonly #settings: MisuseSettings;
  readonly #unknown: LeakyCounts;
  readonly #callers: CallersOfSource;
  readonly #errors: ErrorShare;
  readonly #refused: LeakyCounts;

  constructor(settings: MisuseSettings = defaultMisuse) {
    this.#settings = settings;
    this.#unknown = new LeakyCounts(settings.unknownKeys);
    this.#callers = new CallersOfSource(settings.callersOfSource);
    this.#errors = new ErrorShare(settings.errors);
    this.#refused = new LeakyCounts(settings.refused);
  }

  /** A key that does not open the door. */
  wrongKey(source: string, nowMs: number): FoundMisuse | undefined {
    if (!this.#unknown.add(source, nowMs)) return undefined;
    return { kind: 'address', subject: source, cause: UNKNOWN_KEYS, forMs: this.#settings.unknownKeys.blockMs };
  }

  served(source: string, caller: string, nowMs: number): FoundMisuse | undefined {
    if (!this.#callers.add(source, caller, nowMs)) return undefined;
    return { kind: 'address', subject: source, cause: MANY_CALLERS, forMs: this.#settings.callersOfSource.blockMs };
  }

  answered(caller: string, status: number, nowMs: number): FoundMisuse | undefined {
    if (status === 429)
      return this.#refused.add(caller, nowMs)
        ? { kind: 'caller', subject: caller, cause: 'too many refused', forMs: this.#settings.refused.blockMs }
        : undefined;
    // What is wrong on our side says nothing of the caller.
    if (status >= 500) return undefined;
    const isError = status >= 400 && !noErrors.has(status);
    return this.#errors.add(caller, isError, nowMs)
      ? { kind: 'caller', subject: caller, cause: 'too many errors', forMs: this.#settings.errors.blockMs }
      : undefined;
  }
}
