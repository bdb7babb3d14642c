import type { z } from 'zod';
import type { FaultInput } from './fault.ts';
import type { auth, limits } from './settings.ts';
import type { WorldSize } from './world.ts';

/** What can be changed while the simulator runs. */
export interface SimulatorSettings {
  readonly faults?: readonly FaultInput[];
  readonly limits?: z.input<typeof limits>;
  /** Wait before each answer. */
  readonly latencyMs?: number;
}

export interface SimulatorOptions extends SimulatorSettings, Partial<WorldSize> {
  /** 0 takes a free one. */
  readonly port?: number;
  readonly seed?: number;
  readonly auth?: z.input<typeof auth>;
  /** Where the world's history ends: an ISO time. */
  readonly now?: string;
  /** Makes all listings before the first request, so that serving costs almost no CPU. */
  readonly prerender?: boolean;
  /** Largest page. */
  readonly maxLimit?: number;
  /** Epoch ms; judges limits, tokens and signatures. */
  readonly clock?: () => number;
}

export const defaults = {
  port: 0,
  seed: 1,
  customers: 200,
  payments: 1000,
  refunds: 100,
  events: 500,
  auth: { type: 'none' },
  limits: {},
  faults: [],
  latencyMs: 0,
  now: '2026-11-24T00:00:00Z',
  prerender: false,
  maxLimit: 1000,
} as const satisfies SimulatorOptions;
