import type { z } from 'zod';
import { valueAt } from '../core/json.ts';
import { unaliased } from './bare-copy.ts';
import type { Mismatch } from './compiled.ts';
import { dateTimePattern } from './date-time.ts';

type Issue = z.core.$ZodIssue;

/**
 * The first thing that does not fit, in our own words: zod's can quote a key or a bound of the value, and a schema's own
 * messages can quote anything.
 */
export function mismatchOf(issues: readonly Issue[], record: unknown): Mismatch {
  const { issue, path } = deepest(issues[0] as Issue, []);
  const at = path.map((step) => unaliased(String(step)));
  if (issue.code === 'unrecognized_keys')
    return {
      path: [...at, unaliased(issue.keys[0] ?? '')].join('.'),
      reason: 'expected no such field: the schema allows no others',
    };
  return { path: at.join('.'), reason: reasonOf(issue, valueAt(record, at)) };
}

/** Inside a union, the branch that got furthest is the one that was meant. */
function deepest(issue: Issue, base: readonly PropertyKey[]): { issue: Issue; path: readonly PropertyKey[] } {
  const path = [...base, ...issue.path];
  if (issue.code !== 'invalid_union') return { issue, path };
  const meant = issue.errors.find((branch) => branch.some((inner) => inner.path.length > 0 || !isType(inner)));
  return meant === undefined ? { issue, path } : deepest(meant[0] as Issue, path);
}

function reasonOf(issue: Issue, value: unknown): string {
  const found = typeWord(value);
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${typeNames[issue.expected] ?? issue.expected}, found ${issue.expected === 'int' && found === 'number' ? 'a fraction' : found}`;
    case 'invalid_union': {
      const types = issue.errors.flat().filter(isType);
      const expected = [
        ...new Set(types.map((inner) => ('expected' in inner ? (typeNames[inner.expected] ?? inner.expected) : ''))),
      ];
      return expected.length > 0 && types.length === issue.errors.flat().length
        ? `expected ${expected.join(' or ')}, found ${found}`
        : `expected one of the allowed forms, found ${found === 'nothing' ? found : `another ${found}`}`;
    }
    case 'invalid_value':
      return `expected one of the allowed values, found ${found === 'string' || found === 'number' ? `another ${found}` : found}`;
    case 'invalid_format':
      if (issue.format === 'regex' && issue.pattern === dateTimePattern)
        return 'expected a time with its zone such as 2026-01-02T03:04:05Z, found another string; say under `times` how it is written';
      return `expected a ${issue.format === 'regex' ? 'matching pattern' : issue.format}, found another string`;
    case 'too_small':
      return `expected ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${unitOf(issue.origin)}, found less`;
    case 'too_big':
      return `expected ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${unitOf(issue.origin)}, found more`;
    case 'not_multiple_of':
      return `expected a multiple of ${issue.divisor}`;
    case 'invalid_key':
      return 'expected another name for this field';
    case 'unrecognized_keys':
    case 'invalid_element':
    case 'custom':
      break;
  }
  return 'breaks a rule of the schema';
}

const isType = (issue: Issue): boolean => issue.code === 'invalid_type';

const typeNames: Readonly<Record<string, string>> = { int: 'integer', record: 'object', nonoptional: 'a value' };

const unitOf = (origin: string): string =>
  origin === 'string' ? ' characters' : origin === 'array' ? ' items' : origin === 'object' ? ' fields' : '';

function typeWord(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (value === Infinity || value === -Infinity) return 'a number too large';
  return Array.isArray(value) ? 'array' : typeof value;
}
