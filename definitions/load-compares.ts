import { z } from 'zod';
import { checkCompares, compare, type Compares } from './compare-times.ts';
import { findTargets } from './find.ts';
import type { LoadFrom } from './load.ts';
import { loadChecked } from './load-checked.ts';
import { secretsOf } from './secrets.ts';

/** Only what schedules need: whoever makes them may not have what opens a target. */
const schedulesFile = z.looseObject({ targets: z.record(z.string(), z.looseObject({ compare: compare.optional() })) });

/** Reads when the targets of `targets.yaml` are compared; what is wrong with that comes in one InvalidInput. */
export async function loadCompares({ dir, env, secrets = secretsOf(env) }: LoadFrom): Promise<Compares> {
  const file = await findTargets(dir);
  if (file === undefined) return new Map();
  const { value } = await loadChecked(file, {
    schema: schedulesFile,
    secrets,
    forgiveMissing: true,
    check: ({ targets }) => checkCompares(targets),
  });
  return new Map(
    Object.entries(value.targets).flatMap(([name, { compare: times }]) => (times === undefined ? [] : [[name, times]])),
  );
}
