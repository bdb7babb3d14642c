import { SECOND } from '../../core/duration.ts';
import { lanes, type Lane } from '../../core/names.ts';
import type { Call } from '../declare/charges.ts';
import type { GrantedPermit, Permit, PermitRequest, RefusedPermit, Work } from './limiter.ts';

const OTHERS_FIRST = 'others were first';

/** A request that waits for its permit. */
export interface Waiting {
  readonly call: Call;
  /** Assumed, of its cost units. */
  readonly cost: number;
  readonly lane: Lane;
  readonly work: Work | undefined;
  /** Units it takes of each bucket. */
  readonly charges: readonly number[];
  /** Monotonic ms: refused rather than kept beyond this. */
  readonly patientUntilMs: number;
  /** It is sent through its permit's departure. */
  readonly departs: boolean;
  readonly onWait: PermitRequest['onWait'];
  readonly grant: (permit: GrantedPermit) => void;
  readonly refuse: (wait: Omit<RefusedPermit, 'granted'>) => void;
  readonly fail: (error: unknown) => void;
}

/** The requests of one process that wait for a credential: critical ones first, then in the order they came. */
export class Line {
  readonly #waiting: Record<Lane, Set<Waiting>> = { critical: new Set(), normal: new Set(), backfill: new Set() };
  /** Called when a request joins, told whether it stands before all others. */
  onJoin: (first: boolean) => void = () => {};

  get size(): number {
    return lanes.reduce((sum, lane) => sum + this.#waiting[lane].size, 0);
  }

  /** The first `count`, still in line. */
  first(count: number): readonly Waiting[] {
    const found: Waiting[] = [];
    for (const lane of lanes)
      for (const each of this.#waiting[lane]) {
        if (found.length === count) return found;
        found.push(each);
      }
    return found;
  }

  leave(waiting: Waiting): boolean {
    return this.#waiting[waiting.lane].delete(waiting);
  }

  join(request: PermitRequest, { call, cost, charges }: Pick<Waiting, 'call' | 'cost' | 'charges'>): Promise<Permit> {
    const { lane, work, signal, patienceMs, departs, onWait } = request;
    return new Promise<Permit>((resolve, reject) => {
      const leave = (): void => {
        this.leave(waiting);
        signal?.removeEventListener('abort', onAbort);
        clearTimeout(timer);
      };
      const waiting: Waiting = {
        call,
        cost,
        lane,
        work,
        charges,
        patientUntilMs: performance.now() + patienceMs,
        departs,
        onWait,
        grant: (permit) => {
          leave();
          resolve(permit);
        },
        refuse: (wait) => {
          leave();
          resolve({ granted: false, ...wait });
        },
        fail: (error) => {
          leave();
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      };
      const onAbort = (): void => waiting.fail(signal?.reason);
      // The database tells how long to wait; this is for those it does not come to, because others go first.
      const timer = setTimeout(
        () => {
          const before = this.first(this.size).indexOf(waiting);
          waiting.refuse({ waitMs: 1000 * Math.min(before + 1, 30), cause: OTHERS_FIRST, waitsFor: 'lane' });
        },
        Math.max(patienceMs, SECOND),
      );
      if (signal?.aborted === true) return onAbort();
      signal?.addEventListener('abort', onAbort, { once: true });
      const first = this.first(1)[0];
      this.#waiting[lane].add(waiting);
      this.onJoin(first === undefined || lanes.indexOf(lane) < lanes.indexOf(first.lane));
    });
  }
}
