import { alerts } from './alerts.ts';
import { backfills } from './backfills.ts';
import { duplicates } from './duplicates.ts';
import { governors } from './governors.ts';
import { hints } from './hints.ts';
import { janitors } from './janitor.ts';
import { nights } from './nights.ts';
import { reconciles } from './reconciles.ts';
import type { Recording } from './recording.ts';
import { syncs } from './syncs.ts';
import { targets } from './targets.ts';

/** Every workflow in the states it can be in. */
export const recordings: Readonly<Record<string, Recording>> = {
  ...syncs,
  ...governors,
  ...backfills,
  ...nights,
  ...targets,
  ...hints,
  ...alerts,
  ...duplicates,
  ...reconciles,
  ...janitors,
};
