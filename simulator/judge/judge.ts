import type { Micros } from '../micros.ts';
import type { Quota } from '../rate-headers.ts';

/**
 * One limit, judged exactly, in whole microseconds and by time of arrival. Times never go back. Asking changes nothing,
 * so that several judges can be asked before any of them counts.
 */
export interface Judge {
  /** Until a request of this weight would pass; 0: it passes now. */
  waitUs(nowUs: Micros, weight: number): number;
  /** Counts a request; a refused one only when the settings say so. */
  take(nowUs: Micros, weight: number): void;
  /** An admitted request has been answered. */
  release(weight: number): void;
  /** For the headers. */
  quota(nowUs: Micros): Quota;
}
