import { InvalidInput } from '../../core/errors.ts';
import type { ChangeAction } from './changes.ts';
import type { DuplicatePlan } from './plans.ts';

/** Throws InvalidInput where there is nothing to apply. */
export function expectChangeable({ plan, approved, state }: DuplicatePlan, action: ChangeAction): void {
  if (action === 'undo') return;
  if (state !== 'ready') throw new InvalidInput(`plan ${plan} is not ready (${state}): nothing can be applied of it`);
  if (approved === 0)
    throw new InvalidInput(`nothing of plan ${plan} is approved: \`syncline duplicates approve ${plan} --reason …\``);
}
