import { z } from 'zod';
import { checkScheduleTimes } from './check-schedule-times.ts';
import type { Problem } from './problem.ts';
import { overlap, scheduleTimes } from './schedule-times.ts';

/** Of a target: when its tables are compared with the store by themselves (docs/target-checks.md). A slot is left out while the one before is going on. */
export const compare = z.strictObject({
  ...scheduleTimes,
  overlap: overlap.default('skip'),
});
export type CompareTimes = z.output<typeof compare>;

/** By the names of targets; those without a schedule are not there. */
export type Compares = ReadonlyMap<string, CompareTimes>;

export const checkCompares = (
  targets: Readonly<Record<string, { readonly compare?: CompareTimes | undefined }>>,
): readonly Problem[] =>
  Object.entries(targets).flatMap(([name, { compare: times }]) =>
    times === undefined ? [] : checkScheduleTimes(times, ['targets', name, 'compare']),
  );
