import { GiveUp } from '../../../core/errors.ts';
import type { EndFlags, Flag } from '../../../definitions/end-signs.ts';
import { fieldAt } from './read-fields.ts';

/**
 * Whether there is another page, by what the partner says outright; undefined when it says nothing. Where its two flags contradict each
 * other there is: one request too many loses nothing.
 */
export function readMore(body: unknown, { hasMore, isLast }: EndFlags): boolean | undefined {
  const more = readFlag(body, hasMore);
  const last = readFlag(body, isLast);
  return more ?? (last === undefined ? undefined : !last);
}

function readFlag(body: unknown, flag: Flag | undefined): boolean | undefined {
  if (flag === undefined) return undefined;
  const { path, yes, no } = typeof flag === 'string' ? { path: flag, ...usual } : flag;
  const value = fieldAt(body, path);
  if (isOneOf(value, yes)) return true;
  if (isOneOf(value, no)) return false;
  if (value === undefined || value === null) return undefined;
  throw new GiveUp(
    typeof flag === 'string'
      ? `${path} is neither true nor false: whether there is another page is unknown; say which values mean what with { path: ${path}, yes: …, no: … }`
      : `${path} is none of the values that stand for yes and no: whether there is another page is unknown`,
  );
}

const usual = { yes: [true, 'true', 1, '1', 'True', 'TRUE'], no: [false, 'false', 0, '0', 'False', 'FALSE'] } as const;

const isOneOf = (value: unknown, values: unknown): boolean => [values].flat().includes(value);
