import type { Lane } from '../core/names.ts';

/** Temporal's priority key: 1 goes first. */
export const lanePriority = { critical: 1, normal: 3, backfill: 5 } as const satisfies Record<Lane, number>;
