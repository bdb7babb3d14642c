import { InvalidInput } from '../core/errors.ts';
import { closest } from './closest.ts';
import { STORE } from './targets.ts';

/** What to say of a name that no declared target has. */
export function unknownTarget(name: string, declared: readonly string[]): InvalidInput {
  if (name === STORE)
    return new InvalidInput(
      `${STORE} is the store's own database, not a declared target: \`syncline doctor\` checks it, and \`syncline partners pause\` ` +
        'stops what is written to it',
    );
  const near = closest(name, declared);
  const cure =
    near !== undefined
      ? `did you mean "${near}"?`
      : declared.length > 0
        ? `there are ${declared.join(', ')}`
        : 'none is declared in targets.yaml (docs/targets.md)';
  return new InvalidInput(`there is no target ${JSON.stringify(name)}; ${cure}`);
}
