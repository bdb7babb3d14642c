import type { Micros } from '../micros.ts';
import type { JudgeConfig } from './settings.ts';

/** What was written down to happen, whatever the judges say. */
export interface Incident {
  readonly status: number;
  readonly waitUs: number;
}

/** Refusals at the n-th request of a token, and what they hold back. */
export interface Script {
  /** `number` counts the token's requests from 1. */
  next(nowUs: Micros, number: number): Incident | undefined;
}

export function createScript({ scripted }: Pick<JudgeConfig, 'scripted'>): Script {
  let held: { readonly untilUs: Micros; readonly status: number } | undefined;
  return {
    next(nowUs, number) {
      const due = scripted.find((each) => each.nth === number);
      const heldUs = held === undefined ? 0 : held.untilUs - nowUs;
      if (due !== undefined && due.retryAfterMs * 1000 > heldUs) {
        const waitUs = due.retryAfterMs * 1000;
        if (due.holds) held = { untilUs: nowUs + waitUs, status: due.status };
        return { status: due.status, waitUs };
      }
      return held !== undefined && heldUs > 0 ? { status: held.status, waitUs: heldUs } : undefined;
    },
  };
}
