import { parseDictionary, parseList, type Parameters } from 'structured-headers';
import type { QuotaReading, QuotaUnit } from '../../core/quota.ts';
import type { SeenAnswer } from './profile.ts';
import { readPolicy } from './read-policy.ts';

export interface StructuredFields {
  /** `RateLimit`, lower-case. */
  readonly field: string;
  /** `RateLimit-Policy`. */
  readonly policyField: string;
  /** Of policies that name no unit (`qu`). */
  readonly unit?: QuotaUnit;
}

/**
 * `RateLimit: "default";r=50;t=30` with `RateLimit-Policy: "default";q=100;w=60` (draft-ietf-httpapi-ratelimit-headers,
 * Structured Fields of RFC 9651; names as String or Token), and the combined `RateLimit: limit=100, remaining=50, reset=5`
 * of draft -07 with its `100;w=60`. A malformed field is ignored as a whole, as the draft wants it.
 */
export function readStructured(answer: SeenAnswer, fields: StructuredFields): QuotaReading[] {
  const state = answer.headers[fields.field];
  if (state !== undefined && /^\s*(?:limit|remaining|reset)\s*=/.test(state))
    return readCombined(answer, fields, state);
  const policies = members(answer, fields.policyField);
  const states = members(answer, fields.field);
  const shown = states.map(({ name, parameters }) => {
    const policy = policies.find((candidate) => candidate.name === name);
    return quotaOf(answer, fields, { name, state: parameters, policy: policy?.parameters });
  });
  const silent = policies
    .filter(({ name }) => states.every((one) => one.name !== name))
    .map(({ name, parameters }) => quotaOf(answer, fields, { name, state: undefined, policy: parameters }));
  return [...shown, ...silent].filter((quota) => quota !== undefined);
}

interface Member {
  readonly name: string;
  readonly parameters: Parameters;
}

const MAX_MEMBERS = 16;
const MAX_TEXT = 4096;

function members(answer: SeenAnswer, header: string): readonly Member[] {
  const text = answer.headers[header];
  if (text === undefined || text.trim() === '') return [];
  const list = attempt(answer, header, text, parseList);
  return (list ?? []).slice(0, MAX_MEMBERS).flatMap(([value, parameters]): Member[] => {
    // An inner list or a number is no name: `100;w=60` of the older drafts is read elsewhere.
    if (Array.isArray(value) || typeof value === 'number') return [];
    const name = String(value);
    return /^[\x20-\x7e]{1,64}$/.test(name) ? [{ name, parameters }] : [];
  });
}

function quotaOf(
  answer: SeenAnswer,
  { field, policyField, unit }: StructuredFields,
  { name, state, policy }: { name: string; state: Parameters | undefined; policy: Parameters | undefined },
): QuotaReading | undefined {
  const remaining = integer(state?.get('r'));
  const limit = integer(policy?.get('q'));
  const windowSecs = integer(policy?.get('w'));
  const resetSecs = integer(state?.get('t'));
  if (state !== undefined && remaining === undefined) answer.note(`${field} has no count of what remains`);
  // A quota of 0 would stop everything, and this answer was given.
  if ((remaining === undefined && limit === undefined) || limit === 0) return undefined;
  return {
    policy: name,
    unit: units[String(policy?.get('qu') ?? '')] ?? (policy?.has('qu') === true ? 'cost' : (unit ?? 'requests')),
    ...(limit === undefined ? {} : { limit }),
    ...(remaining === undefined ? {} : { remaining }),
    ...(windowSecs === undefined || windowSecs === 0 ? {} : { windowMs: windowSecs * 1000 }),
    ...(resetSecs === undefined ? {} : { resetInMs: resetSecs * 1000 }),
    source: [...(state === undefined ? [] : [field]), ...(policy === undefined ? [] : [policyField])].join(', '),
    confidence: answer.confidence,
  };
}

const units: Readonly<Record<string, QuotaUnit>> = {
  requests: 'requests',
  'content-bytes': 'bytes',
  'concurrent-requests': 'concurrency',
};

const integer = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;

function readCombined(answer: SeenAnswer, fields: StructuredFields, state: string): QuotaReading[] {
  const dictionary = attempt(answer, fields.field, state, parseDictionary);
  if (dictionary === undefined) return [];
  const texts = Object.fromEntries(
    ['limit', 'remaining', 'reset'].flatMap((key) => {
      const value = integer(dictionary.get(key)?.[0]);
      return value === undefined ? [] : [[`${fields.field} ${key}`, String(value)]];
    }),
  );
  const policies = answer.headers[fields.policyField];
  const headers = { ...texts, ...(policies === undefined ? {} : { [fields.policyField]: policies }) };
  return readPolicy(
    { ...answer, headers },
    {
      policy: fields.field,
      limit: `${fields.field} limit`,
      remaining: `${fields.field} remaining`,
      reset: `${fields.field} reset`,
      resetAs: 'seconds',
      all: fields.policyField,
    },
  ).map((quota) => ({ ...quota, source: fields.field }));
}

function attempt<T>(answer: SeenAnswer, header: string, text: string, parse: (text: string) => T): T | undefined {
  try {
    if (text.length <= MAX_TEXT) return parse(text);
  } catch {
    // The parser's own message quotes the text.
  }
  answer.note(`${header} is not a structured field`);
  return undefined;
}
