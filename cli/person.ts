import { userInfo } from 'node:os';
import { InvalidInput } from '../core/errors.ts';

/** Who gives the command: kept with what it changes. */
export const whoami = (): string => userInfo().username;

/** Why, as it was given with `--reason`. */
export function givenReason(reason: string): string {
  if (reason.trim() === '')
    throw new InvalidInput('--reason: expected why, in a few words: it is kept with the change');
  return reason.trim();
}
