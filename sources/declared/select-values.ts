import { stepsOf, type RecordsPath } from '../../definitions/records.ts';

/** What a path leads to. */
export interface Selected {
  /** For messages: the path with the indexes of arrays; keys of objects are data and stay `*`. */
  readonly at: string;
  /** undefined: the path ends before. */
  readonly value: unknown;
}

/** All that a path with `*` leads to, in order; one where it has none. What is missing is among them. */
export function selectValues(root: unknown, path: RecordsPath): readonly Selected[] {
  let found: readonly Selected[] = [{ at: '', value: root }];
  for (const step of stepsOf(path))
    found = step === '*' ? found.flatMap(members) : found.map((each) => member(each, step));
  return found;
}

export const hasWildcard = (path: RecordsPath): boolean => stepsOf(path).includes('*');

function members({ at, value }: Selected): readonly Selected[] {
  if (Array.isArray(value))
    return value.map((inner: unknown, index) => ({ at: join(at, String(index)), value: inner }));
  if (typeof value !== 'object' || value === null) return [{ at: join(at, '*'), value: undefined }];
  return Object.values(value).map((inner: unknown) => ({ at: join(at, '*'), value: inner }));
}

function member({ at, value }: Selected, step: string): Selected {
  const inner =
    typeof value === 'object' && value !== null && Object.hasOwn(value, step)
      ? (value as Record<string, unknown>)[step]
      : undefined;
  return { at: join(at, step), value: inner };
}

const join = (at: string, step: string): string => (at === '' ? step : `${at}.${step}`);
