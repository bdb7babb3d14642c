import { checked, faults, latencyMs, limits } from './settings.ts';
import type { SimulatorSettings } from './options.ts';
import { createFaultPlan } from './fault-plan.ts';
import type { FaultPlan } from './fault-plan.ts';
import type { Gate } from './gate.ts';
import { createLimiter } from './limiter.ts';
import type { Limiter } from './limiter.ts';
import { prerender } from './prerender.ts';
import type { Rendered } from './prerender.ts';
import { streams } from './records.ts';
import type { StreamName } from './records.ts';
import type { Limits } from './settings.ts';
import type { Traffic } from './traffic.ts';
import type { Mutation, World } from './world.ts';

/** A simulator at work: what never changes, and what `set` may replace. */
export interface Running {
  readonly world: World;
  readonly traffic: Traffic;
  readonly gate: Gate;
  readonly clock: () => number;
  readonly maxLimit: number;
  /** Name of a query parameter that holds a key and is not to be shown. */
  readonly secretParam: string | undefined;
  readonly rendered: Map<StreamName, Rendered>;
  readonly prerenders: boolean;
  limits: Limits;
  limiter: Limiter;
  plan: FaultPlan;
  latencyMs: number;
}

/** Replaces what is given; counters of the replaced part begin again. */
export function applySettings(running: Running, settings: SimulatorSettings): void {
  if (settings.faults !== undefined)
    running.plan = createFaultPlan(checked(faults, settings.faults, 'faults'), running.world.seed);
  if (settings.limits !== undefined) {
    running.limits = checked(limits, settings.limits, 'limits');
    running.limiter = createLimiter(running.limits);
  }
  if (settings.latencyMs !== undefined) running.latencyMs = checked(latencyMs, settings.latencyMs, 'latencyMs');
}

export function mutateWorld(running: Running, mutation: Mutation): void {
  running.world.mutate(mutation);
  renderAll(running);
}

export function renderAll({ prerenders, world, rendered }: Running): void {
  if (!prerenders) return;
  for (const stream of streams) {
    const table = world.tables[stream];
    if (rendered.get(stream)?.version !== table.version)
      rendered.set(
        stream,
        prerender(table, (index) => world.row(stream, index)),
      );
  }
}
