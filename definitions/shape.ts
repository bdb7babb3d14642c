import type { z } from 'zod';
import { valueAt } from '../core/json.ts';
import { closest } from './closest.ts';
import { fitEnvironment } from './fit-environment.ts';
import { found } from './found.ts';
import { knownFields, meaningOf } from './known-fields.ts';
import { pathKey, type Path, type Problem } from './problem.ts';

export type Shaped<T> = { readonly value: T } | { readonly problems: readonly Problem[] };

type Issue = z.core.$ZodIssue;

/**
 * Parses a definition, and turns what zod finds into words for a person. `touched` are the paths of texts that came from
 * the environment: they are never shown, and one that is wanted as a number or boolean is read as such.
 */
export function checkShape<S extends z.ZodType>(
  schema: S,
  value: unknown,
  touched: ReadonlySet<string>,
): Shaped<z.output<S>> {
  const first = schema.safeParse(value);
  if (first.success) return { value: first.data };
  const wanted = first.error.issues.flatMap((issue) => meantIssues(issue, []));
  const fitted = fitEnvironment(value, wanted, touched);
  if (fitted !== undefined) return checkShape(schema, fitted, touched);
  return { problems: wanted.flatMap((found) => inWords(found, { schema, root: value, touched })) };
}

/** What was parsed. */
interface Parsed {
  readonly schema: z.ZodType;
  readonly root: unknown;
  readonly touched: ReadonlySet<string>;
}

/** One of zod's issues, and its path from the root of the definition. */
export interface Located {
  readonly issue: Issue;
  readonly path: Path;
}

/** The issues of the branch that was meant, where zod only says that no branch of a union fits. */
function meantIssues(issue: Issue, base: Path): Located[] {
  const path = [...base, ...(issue.path as Path)];
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [{ issue, path }];
  // A branch that found fault with a part of the value took the value as a whole.
  const meant =
    issue.errors.find((branch) => branch.some(({ path: at, code }) => at.length > 0 || code === 'unrecognized_keys')) ??
    issue.errors.find((branch) => branch.some((inner) => !isOtherType(inner)));
  return meant === undefined ? [{ issue, path }] : meant.flatMap((inner) => meantIssues(inner, path));
}

const isOtherType = (issue: Issue): boolean =>
  issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'custom');

function inWords({ issue, path }: Located, { schema, root, touched }: Parsed): Problem[] {
  const value = valueAt(root, path.map(String));
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => unknownField(key, path, knownFields(schema, root, path)));
  if (issue.code === 'invalid_key') {
    const key = String(path.at(-1));
    return [{ path, says: `expected ${issue.issues.map(expectation).join(' or ')}, found ${JSON.stringify(key)}` }];
  }
  const expected = expectation(issue);
  const meaning = meaningOf(schema, root, path);
  if (value === undefined)
    return [{ path, says: `missing; expected ${expected}${meaning === undefined ? '' : `: ${meaning}`}` }];
  const says = `expected ${expected}, found ${found(value, path, touched.has(pathKey(path)))}`;
  if (issue.code === 'invalid_type' && expected === 'a text' && /^(number|boolean)$/.test(typeof value))
    return [{ path, says: `${says}; put it in quotes` }];
  const near = typeof value === 'string' && !touched.has(pathKey(path)) ? meant(value, choices(issue)) : undefined;
  if (near !== undefined) return [{ path, says: `${says}; did you mean ${JSON.stringify(near)}?` }];
  const bare = isBare(issue) && !expected.includes('a mapping');
  return [{ path, says: bare && meaning !== undefined ? `${says}; ${path.at(-1)}: ${meaning}` : says }];
}

/** Whether the expectation is only a type or a bound, from which nobody learns what the field is for. */
const isBare = (issue: Issue): boolean =>
  isOfZod(issue) && /^(invalid_type|invalid_union|too_small|too_big)$/.test(issue.code) && choices(issue).length === 0;

function unknownField(key: string, path: Path, known: readonly string[]): Problem {
  const near = closest(key, known);
  const cure = near === undefined ? `known here: ${known.join(', ')}` : `did you mean "${near}"?`;
  return { path: [...path, key], says: `unknown field; ${cure}` };
}

const isOfZod = ({ message }: Issue): boolean => /^(Invalid|Too|Unrecognized)/.test(message);

/** What the field should have been. Messages that we gave in the schema are used as they are; zod's own are not. */
function expectation(issue: Issue): string {
  if (!isOfZod(issue)) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return typeWords[issue.expected] ?? issue.expected;
    case 'invalid_value':
    case 'invalid_union':
      return issue.code === 'invalid_union' && issue.errors.length > 0
        ? [...new Set(issue.errors.flat().map(expectation))].join(' or ')
        : oneOf(choices(issue));
    case 'invalid_format':
      if (issue.format === 'datetime') return 'a time with its zone, such as 2026-01-01T00:00:00Z';
      return issue.pattern === undefined ? `a ${issue.format}` : `a text that matches ${issue.pattern}`;
    case 'too_small':
      if (issue.origin === 'string') return 'a text that is not empty';
      return issue.inclusive === false ? `more than ${issue.minimum}` : `at least ${issue.minimum}`;
    case 'too_big':
      return issue.inclusive === false ? `less than ${issue.maximum}` : `at most ${issue.maximum}`;
    case 'not_multiple_of':
    case 'unrecognized_keys':
    case 'invalid_key':
    case 'invalid_element':
    case 'custom':
      break;
  }
  return 'something else';
}

const typeWords: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
};

function choices(issue: Issue): string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String);
  return issue.code === 'invalid_union' && 'options' in issue ? (issue.options ?? []).map(String) : [];
}

/** Names that other tools and vendors use for what is called differently here. */
const elsewhereCalled: Readonly<Record<string, string>> = {
  cursor: 'token',
  page_number: 'page',
  skip: 'offset',
  seek: 'keyset',
  next_link: 'nextUrl',
  token: 'bearer',
};

function meant(word: string, possible: readonly string[]): string | undefined {
  const other = elsewhereCalled[word.toLowerCase()];
  return other !== undefined && possible.includes(other) ? other : closest(word, possible);
}

const oneOf = (values: readonly string[]): string =>
  values.length === 1 ? JSON.stringify(values[0]) : `one of ${values.map((value) => JSON.stringify(value)).join(', ')}`;
