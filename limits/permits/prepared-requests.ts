import { PermitLapsed } from '../../core/departure.ts';
import type { PermitWait } from '../../core/grant-waits.ts';
import { Prepared } from './prepared.ts';
import type { Line, Waiting } from './line.ts';
import type { GrantedPermit } from './limiter.ts';

/** So many requests are made ready before their moment, each on a connection of its own. */
const MOST = 3;
/** Waits beyond this are not worth keeping requests ready for. */
export const SOON_MS = 1000;
/** A request is ready so soon, unless something else holds it up. */
export const NEAR_MS = 50;

/** The requests of one process that have left the line and are not sent yet. */
export class PreparedRequests extends Set<Prepared> {
  near(nowMs: number): readonly Prepared[] {
    return [...this].filter((prepared) => prepared.isReady || nowMs - prepared.sinceMs < NEAR_MS);
  }

  /** From the first in line, those that `may`, until there are enough of them. */
  fill(line: Line, may: (waiting: Waiting) => boolean, permitOf: (prepared: Prepared) => GrantedPermit): void {
    for (const waiting of line.first(Math.max(0, MOST - this.near(performance.now()).length))) {
      if (!may(waiting)) continue;
      const prepared = new Prepared(waiting);
      this.add(prepared);
      waiting.grant(permitOf(prepared));
    }
  }

  waitFor(reason: PermitWait): void {
    for (const { waiting } of this) waiting.onWait?.(reason);
  }

  turnBack(which: (prepared: Prepared) => boolean): void {
    for (const prepared of this)
      if (which(prepared)) {
        this.delete(prepared);
        prepared.turnBack(new PermitLapsed('its moment did not come in time'));
      }
  }
}
