import { parseJson, valueAt } from '../core/json.ts';
import { formatDuration } from '../core/duration.ts';
import type { Action, ErrorRule } from '../definitions/definition.ts';
import { readRateLimitReset } from './rate-limit-reset.ts';
import { readRetryAfter } from './retry-after.ts';
import type { Wait } from './retry-after.ts';

export interface Verdict {
  readonly action: Action;
  /** For a person: no text of the body, at most 200 characters. */
  readonly message: string;
  /** ISO time by our clock before which nobody should send; absent: the backoff decides. */
  readonly resumeAt?: string;
}

export interface ClassifyInput {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The stream's, then the partner's: the first that matches wins over the table. */
  readonly rules: readonly ErrorRule[];
  /** Whether the authorizer can get another token. */
  readonly canRefresh: boolean;
  readonly nowMs: number;
  readonly maxWaitMs: number;
}

/** What an answer means for what happens next. */
export function classify(input: ClassifyInput): Verdict {
  const { status, rules, canRefresh } = input;
  const body = lazyJson(input.text);
  const rule = rules.find((candidate) => matches(candidate, input, body));
  const [action, meaning] = rule === undefined ? fromTable(input) : [rule.action, 'a rule of the definition'];
  // A partner without tokens to renew would be asked the same again and again.
  const possible = action === 'refreshToken' && !canRefresh ? 'attention' : action;
  const wait = possible === 'throttled' || possible === 'retry' ? readWait(input, possible) : undefined;
  const said = rule?.message ?? `answered ${status}: ${meaning}${locationHint(input)}`;
  const message = `${said}${wait?.cut === true ? ` (asked for a longer wait, cut to ${formatDuration(wait.waitMs)})` : ''}`;
  return {
    action: possible,
    message: message.length > 200 ? `${message.slice(0, 199)}…` : message,
    // A wait of nothing (a date in the past, 0) is no leave to hammer: then the backoff decides.
    ...(wait === undefined || wait.waitMs === 0 ? {} : { resumeAt: new Date(input.nowMs + wait.waitMs).toISOString() }),
  };
}

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
  '3xx': ['giveUp', 'redirected: correct baseUrl or path, redirects are not followed'],
  '4xx': ['giveUp', 'the partner refuses the request'],
  '5xx': ['retry', 'the partner has a problem'],
};

function fromTable({ status, headers }: ClassifyInput): Row {
  if (status === 403 && hasThrottleSign(headers)) return ['throttled', 'too many requests, said with a 403'];
  return table[status] ?? table[`${Math.floor(status / 100)}xx`] ?? ['giveUp', 'not a status of HTTP'];
}

/** GitHub: a 403 with no requests remaining, or with Retry-After, is a limit (docs.github.com, rate limits of the REST API). */
function hasThrottleSign(headers: Readonly<Record<string, string>>): boolean {
  const remaining = headers['x-ratelimit-remaining'] ?? headers['ratelimit-remaining'];
  return headers['retry-after'] !== undefined || (remaining !== undefined && /^0+(\.0+)?$/.test(remaining.trim()));
}

function matches(rule: ErrorRule, { status, text }: ClassifyInput, body: () => unknown): boolean {
  if (rule.status !== undefined && !statusMatches(rule.status, status)) return false;
  if (rule.contains !== undefined && !text.includes(rule.contains)) return false;
  return rule.code === undefined || valueAt(body(), rule.code.path) === rule.code.equals;
}

function statusMatches(rule: NonNullable<ErrorRule['status']>, status: number): boolean {
  if (typeof rule === 'number') return rule === status;
  return typeof rule === 'string' ? rule[0] === String(status)[0] : rule.includes(status);
}

/** Retry-After wins over every other header (draft-ietf-httpapi-ratelimit-headers). */
function readWait({ headers, nowMs, maxWaitMs }: ClassifyInput, action: Action): Wait | undefined {
  const asked = readRetryAfter({ value: headers['retry-after'], date: headers.date, nowMs, maxWaitMs });
  return asked ?? (action === 'throttled' ? readRateLimitReset({ headers, nowMs, maxWaitMs }) : undefined);
}

/** The host alone: a Location's query may carry secrets. */
function locationHint({ status, headers }: ClassifyInput): string {
  const { location } = headers;
  if (status < 300 || status > 399 || location === undefined || !URL.canParse(location)) return '';
  return ` (to ${new URL(location).origin})`;
}

/** Parsed once, and only if a rule asks for it: pages are large. */
function lazyJson(text: string): () => unknown {
  let parsed: { readonly value: unknown } | undefined;
  return () => (parsed ??= { value: tryJson(text) }).value;
}

function tryJson(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
