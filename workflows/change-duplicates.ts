import { setCurrentDetails } from '@temporalio/workflow';
import type { ChangeDuplicatesInput, DuplicatesChanged } from '../messages/duplicates.ts';
import { table } from './details.ts';
import { makeChanges } from './make-changes.ts';

/** Applies a plan of duplicates, or undoes it: all of it, a rule, a cluster or a pair. */
export async function changeDuplicates(input: ChangeDuplicatesInput): Promise<DuplicatesChanged> {
  const done = await makeChanges(input);
  setCurrentDetails(
    table(
      ['plans', input.action === 'apply' ? 'applied' : 'undone', 'hold nothing'],
      [[done.plans.join(', '), done.links, done.held]],
    ),
  );
  return done;
}
