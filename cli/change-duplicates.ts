import { resultOf } from '../client/result-of.ts';
import { startChangeDuplicates } from '../client/duplicates.ts';
import type { Config } from '../config/config.ts';
import type { ChangeDuplicatesInput, DuplicatesChanged } from '../messages/duplicates.ts';
import { withTemporal } from './context.ts';
import { whoami } from './person.ts';

/** Has a workflow apply or undo a plan, and waits for its end. */
export async function changeDuplicates(
  config: Config,
  { name, ...input }: Omit<ChangeDuplicatesInput, 'by'> & { readonly name: string },
): Promise<DuplicatesChanged> {
  return withTemporal(config, async (client) => {
    const handle = await startChangeDuplicates(client, { names: config.names, name, by: whoami(), ...input });
    return resultOf(handle);
  });
}

/** Their numbers travel with the workflow's input, which may have 2 MB. */
const STEP = 10_000;

/** Undoes pairs of plans by their numbers. Returns how many are in force no more. */
export async function undoPairs({
  config,
  name,
  pairs,
  reason,
}: {
  readonly config: Config;
  readonly name: string;
  /** By plan. */
  readonly pairs: ReadonlyMap<number, readonly number[]>;
  readonly reason: string;
}): Promise<number> {
  let undone = 0;
  for (const [plan, numbers] of pairs)
    for (let from = 0; from < numbers.length; from += STEP) {
      const scope = { pairs: numbers.slice(from, from + STEP) };
      undone += (await changeDuplicates(config, { name, plan, action: 'undo', scope, reason })).links;
    }
  return undone;
}
