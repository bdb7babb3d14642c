import { parseJson, valueAt } from '../core/json.ts';
import { formatDuration } from '../core/duration.ts';
import type { Reading } from '../core/quota.ts';
import type { Action, ErrorRule } from '../definitions/definition.ts';
import type { LimitProfileSetting } from '../definitions/limit-profile.ts';
import { isExhausted } from './profiles/longest-wait.ts';
import { readLimits } from './profiles/read-limits.ts';

export interface Verdict {
  readonly action: Action;
  /** For a person: no text of the body, at most 200 characters. */
  readonly message: string;
  /** ISO time by our clock before which nobody should send; absent: the backoff decides. */
  readonly resumeAt?: string;
  /** A rule of the definition says so. */
  readonly ruled: boolean;
  /** What the answer says of the partner's limits, whatever the action. */
  readonly reading: Reading;
}

export interface ClassifyInput {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The text as JSON, if the caller parses it anyway (at most once); may throw. Absent: pages that are fine stay unparsed. */
  readonly body?: () => unknown;
  /** `limits.profile` of the definition; `auto` if absent. */
  readonly profile?: LimitProfileSetting;
  /** The stream's, then the partner's: the first that matches wins over the table. */
  readonly rules: readonly ErrorRule[];
  /** Whether the authorizer can get another token. */
  readonly canRefresh: boolean;
  readonly nowMs: number;
  readonly maxWaitMs: number;
}

/** What an answer means for what happens next. */
export function classify(input: ClassifyInput): Verdict {
  const { status, rules, canRefresh, nowMs } = input;
  const body = lazyJson(input);
  const rule = rules.find((candidate) => matches(candidate, input, body));
  const reading = readLimits({
    status,
    headers: input.headers,
    text: input.text,
    body,
    bodyIsFree: input.body !== undefined,
    profile: input.profile ?? 'auto',
    ...(rule === undefined ? {} : { ruled: rule.action }),
    nowMs,
    maxWaitMs: input.maxWaitMs,
  });
  const [action, meaning] = rule === undefined ? fromTable(status, reading) : [rule.action, 'a rule of the definition'];
  // A partner without tokens to renew would be asked the same again and again.
  const possible = action === 'refreshToken' && !canRefresh ? 'attention' : action;
  const waitMs = possible === 'throttled' || possible === 'retry' ? reading.waitMs : undefined;
  const said = rule?.message ?? `answered ${status}: ${meaning}${locationHint(input)}`;
  const message = `${said}${possible === 'throttled' ? exhaustedHint(reading) : ''}${cutHint(waitMs, reading)}`;
  return {
    action: possible,
    ruled: rule !== undefined,
    message: message.length > 200 ? `${message.slice(0, 199)}…` : message,
    ...(waitMs === undefined ? {} : { resumeAt: new Date(nowMs + waitMs).toISOString() }),
    reading,
  };
}

function exhaustedHint({ quotas }: Reading): string {
  const names = [...new Set(quotas.filter(isExhausted).map(({ policy }) => policy))].slice(0, 3);
  return names.length === 0 ? '' : ` (used up: ${names.join(', ')})`;
}

const cutHint = (waitMs: number | undefined, { cut }: Reading): string =>
  waitMs !== undefined && cut ? ` (asked for a longer wait, cut to ${formatDuration(waitMs)})` : '';

type Row = readonly [Action, string];

/** RFC 9110 §15 and RFC 6585; what is not named goes by its hundred. */
const table: Readonly<Record<string, Row>> = {
  202: ['retry', 'accepted, but not ready yet'],
  304: ['ok', 'nothing has changed'],
  400: ['giveUp', 'the partner does not understand the request'],
  401: ['refreshToken', 'the credentials are not accepted'],
  402: ['attention', 'the partner wants to be paid'],
  403: ['attention', 'these credentials may not read this'],
  404: ['giveUp', 'there is no such endpoint or parent: check the path'],
  407: ['attention', 'the proxy wants credentials'],
  408: ['retry', 'the partner waited too long for the request'],
  409: ['retry', 'a conflict at the partner'],
  410: ['giveUp', 'gone: the endpoint, or the cursor has expired'],
  421: ['retry', 'the request came to the wrong server'],
  423: ['retry', 'locked at the partner'],
  425: ['retry', 'too early'],
  429: ['throttled', 'too many requests'],
  451: ['attention', 'withheld for legal reasons'],
  501: ['giveUp', 'the partner does not offer this'],
  503: ['throttled', 'the partner is overloaded or in maintenance'],
  505: ['giveUp', 'the partner does not speak this HTTP version'],
  '2xx': ['ok', 'fine'],
  '3xx': ['giveUp', 'redirected to where a request is not sent again: correct baseUrl or path'],
  '4xx': ['giveUp', 'the partner refuses the request'],
  '5xx': ['retry', 'the partner has a problem'],
};

function fromTable(status: number, { throttled }: Reading): Row {
  const row = table[status] ?? table[`${Math.floor(status / 100)}xx`] ?? (['giveUp', 'not a status of HTTP'] as const);
  return throttled && row[0] !== 'throttled' ? ['throttled', `too many requests, said with a ${status}`] : row;
}

function matches(rule: ErrorRule, { status, headers, text }: ClassifyInput, body: () => unknown): boolean {
  if (rule.status !== undefined && !statusMatches(rule.status, status)) return false;
  if (rule.header !== undefined && !headerMatches(rule.header, headers)) return false;
  if (rule.contains !== undefined && !text.includes(rule.contains)) return false;
  return rule.code === undefined || codeMatches(rule.code, body());
}

function headerMatches(
  { name, equals, contains = '' }: NonNullable<ErrorRule['header']>,
  headers: ClassifyInput['headers'],
): boolean {
  const value = headers[name.toLowerCase()];
  return value !== undefined && (equals === undefined || value === equals) && value.includes(contains);
}

/** Without a value, what says that there is nothing does not match: `error: null`. */
function codeMatches({ path, equals }: NonNullable<ErrorRule['code']>, body: unknown): boolean {
  const value = valueAt(body, path);
  if (equals !== undefined) return value === equals;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return value !== undefined && value !== null && value !== '' && value !== false && value !== 0;
}

function statusMatches(rule: NonNullable<ErrorRule['status']>, status: number): boolean {
  if (typeof rule === 'number') return rule === status;
  return typeof rule === 'string' ? rule[0] === String(status)[0] : rule.includes(status);
}

/** The host alone: a Location's query may carry secrets. */
function locationHint({ status, headers }: ClassifyInput): string {
  const { location } = headers;
  if (status < 300 || status > 399 || location === undefined || !URL.canParse(location)) return '';
  return ` (to ${new URL(location).origin})`;
}

/** Parsed once, and only if somebody asks for it: pages are large. */
function lazyJson({ text, body = () => parseJson(text) }: ClassifyInput): () => unknown {
  let parsed: { readonly value: unknown } | undefined;
  return () => (parsed ??= { value: attempt(body) }).value;
}

function attempt(parse: () => unknown): unknown {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
