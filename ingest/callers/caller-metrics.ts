import type { MisuseCause } from '../../store/callers/misuse-causes.ts';
import type { Refusing } from './refusals.ts';

/** What happens at the door, told to whoever counts it. Labels are names of callers and causes, never a key or an address. */
export interface CallerMetrics {
  /** Nobody was found to serve. */
  readonly refused: (why: Refusing) => void;
  /** A caller came up against one of its limits. */
  readonly limited: (caller: string, cause: 'rate' | 'quota') => void;
  /** A caller's units of the day have come to 80 %: once a day, over all processes. */
  readonly nearQuota: (caller: string) => void;
  /** Syncline blocks a caller, or a source without a name. */
  readonly blocked: (cause: MisuseCause, caller: string | undefined) => void;
}

const nothing = (): void => {};

/** For whoever does not count. */
export const noCallerMetrics: CallerMetrics = {
  refused: nothing,
  limited: nothing,
  nearQuota: nothing,
  blocked: nothing,
};
