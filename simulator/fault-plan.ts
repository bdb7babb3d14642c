import type { Fault } from './fault.ts';
import { randomOf } from './random.ts';
import type { StreamName } from './records.ts';

export interface FaultUse {
  readonly fault: Fault;
  /** Matching requests so far. */
  readonly seen: number;
  readonly fired: number;
}

export interface FaultPlan {
  /** The faults that this request meets, in the order they were given. */
  next(request: { readonly stream: StreamName | undefined; readonly path: string }): readonly Fault[];
  uses(): readonly FaultUse[];
}

/** Depends on nothing but the seed and the order in which requests come. */
export function createFaultPlan(faults: readonly Fault[], seed: number): FaultPlan {
  const counters = faults.map((fault) => ({ fault, seen: 0, fired: 0 }));
  return {
    next(request) {
      const hits: Fault[] = [];
      counters.forEach((counter, place) => {
        const { fault } = counter;
        if (fault.stream !== undefined && fault.stream !== request.stream) return;
        if (fault.path !== undefined && fault.path !== request.path) return;
        counter.seen += 1;
        if (!fires(fault, counter, randomOf(seed, place, counter.seen, 211)())) return;
        counter.fired += 1;
        hits.push(fault);
      });
      return hits;
    },
    uses: () => counters.map((counter) => ({ ...counter })),
  };
}

export function fires(fault: Fault, so: { readonly seen: number; readonly fired: number }, random: number): boolean {
  if (fault.times !== undefined && so.fired >= fault.times) return false;
  if (fault.nth !== undefined && ![fault.nth].flat().includes(so.seen)) return false;
  if (fault.every !== undefined && so.seen % fault.every !== 0) return false;
  if (fault.after !== undefined && so.seen <= fault.after) return false;
  return fault.probability === undefined || random < fault.probability;
}
