import { InvalidInput } from '../core/errors.ts';

/** The number of a flag such as `--limit`. */
export function positive(flag: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value <= 0)
    throw new InvalidInput(`${flag}: expected a whole number above 0, found ${JSON.stringify(text)}`);
  return value;
}
