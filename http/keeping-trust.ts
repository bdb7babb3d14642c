import { MINUTE } from '../core/duration.ts';

/** So many kept connections in a row that broke when they were used again; then each request has one of its own for a while. */
const MOST = 3;
const REST_MS = 10 * MINUTE;

export interface KeepingTrust {
  readonly trusted: () => boolean;
  /** One was used again, and served. */
  readonly held: () => void;
  readonly broke: () => void;
}

/** Whether a partner's kept connections are worth using: each that breaks costs a request. */
export function keepingTrust(nowMs: () => number): KeepingTrust {
  let inARow = 0;
  let restsUntilMs = 0;
  return {
    trusted: () => nowMs() >= restsUntilMs,
    held: () => (inARow = 0),
    broke: () => {
      inARow += 1;
      if (inARow < MOST) return;
      inARow = 0;
      restsUntilMs = nowMs() + REST_MS;
    },
  };
}
