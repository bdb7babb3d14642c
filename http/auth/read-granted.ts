import { DAY, SECOND } from '../../core/duration.ts';
import { NeedsAttention, RetryLater } from '../../core/errors.ts';
import { parseJson, valueAt } from '../../core/json.ts';
import type { AuthOf } from '../../definitions/auth.ts';
import { readRetryAfter } from '../retry-after.ts';
import type { GrantedToken } from './read-token-answer.ts';
import type { TokenAnswer } from './token-exchange.ts';

type Place = AuthOf<'login'>['token'];

export interface GrantReading {
  readonly token: Place;
  readonly expiresIn?: AuthOf<'login'>['expiresIn'];
  readonly expiresAt?: string | undefined;
  /** What to look at when it is refused: fields of the definition. */
  readonly check: string;
  /** How messages name it. */
  readonly what: string;
}

/** A token from an answer of any form. No text of the answer goes into a message: it may repeat what was sent. */
export function readGranted(
  answer: TokenAnswer,
  { token, expiresIn, expiresAt, check, what }: GrantReading,
): GrantedToken {
  const { status, headers, receivedAtMs } = answer;
  const at = { status };
  if (status >= 500 || [408, 425, 429].includes(status)) {
    const wait = readRetryAfter({
      value: headers['retry-after'],
      date: headers.date,
      nowMs: receivedAtMs,
      maxWaitMs: DAY,
    });
    throw new RetryLater(`${what} answered ${status}`, {
      at,
      ...(wait === undefined || wait.waitMs === 0 ? {} : { afterMs: wait.waitMs }),
    });
  }
  if (status >= 400) throw new NeedsAttention(`${what} answered ${status}: check ${check}`, { at });
  const body = lazy(answer.text);
  const accessToken = tokenAt(token, answer, body);
  if (accessToken === undefined)
    throw new NeedsAttention(
      `${what} answered ${status} without a token ${describe(token)}: check ${check}, and where its token is${textsIn(body())}`,
      { at },
    );
  return { accessToken, lifetimeMs: lifetimeOf({ expiresIn, expiresAt }, body, receivedAtMs), refreshToken: null };
}

function tokenAt(place: Place, { headers, text }: TokenAnswer, body: () => unknown): string | undefined {
  if (typeof place !== 'string')
    return usable(
      'header' in place ? headers[place.header.toLowerCase()] : cookieIn(headers['set-cookie'], place.cookie),
    );
  if (place !== '') return usable(valueAt(body(), [place]) ?? valueAt(body(), place));
  const whole = body();
  return usable(whole === undefined ? text.trim() : whole);
}

/** Printable, or it cannot stand in a header. */
function usable(value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && /^[\x20-\x7e]+$/.test(text) ? text : undefined;
}

/** Several `Set-Cookie` are joined by a comma, which their dates have too. */
function cookieIn(header: string | undefined, name: string): string | undefined {
  const escaped = name.replaceAll(/[^\w]/g, String.raw`\$&`);
  return new RegExp(String.raw`(?:^|,\s*)${escaped}=([^;,]*)`).exec(header ?? '')?.[1];
}

const describe = (place: Place): string => {
  if (typeof place === 'string') return place === '' ? 'in its body' : `at ${place}`;
  return 'header' in place ? `in the header ${place.header}` : `in the cookie ${place.cookie}`;
};

const MOST_NAMED = 5;

/** Names alone. What is no plain name could be a value that was sent. */
function textsIn(body: unknown): string {
  const found = pathsOf(body, (value) => typeof value === 'string' && value !== '').slice(0, MOST_NAMED);
  return found.length === 0 ? '' : `: it has text at ${found.join(', ')}`;
}

const plainName = /^[A-Za-z_][A-Za-z_-]{0,30}$/;

function pathsOf(value: unknown, isOne: (value: unknown) => boolean, deep = 3): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    if (!plainName.test(name)) return [];
    if (isOne(inner)) return [name];
    return deep === 0 ? [] : pathsOf(inner, isOne, deep - 1).map((rest) => `${name}.${rest}`);
  });
}

function lifetimeOf(
  { expiresIn, expiresAt }: Pick<GrantReading, 'expiresIn' | 'expiresAt'>,
  body: () => unknown,
  nowMs: number,
): number | null {
  if (expiresIn !== undefined && 'forMs' in expiresIn) return sensible(expiresIn.forMs);
  if (expiresIn !== undefined) {
    const value = numberOf(valueAt(body(), [expiresIn.path]) ?? valueAt(body(), expiresIn.path));
    if (value !== undefined) return sensible(value * SECOND);
  }
  if (expiresAt === undefined) return null;
  const value = valueAt(body(), [expiresAt]) ?? valueAt(body(), expiresAt);
  const epoch = numberOf(value);
  // Seconds until the year 5138, else milliseconds.
  if (epoch !== undefined) return sensible(epoch * (epoch < 1e11 ? SECOND : 1) - nowMs);
  // What has no zone is UTC, as partners that leave it out mean it more often than not.
  const text = typeof value === 'string' ? value.replace(' ', 'T') : '';
  const time = Date.parse(/(z|[+-]\d\d:?\d\d)$/i.test(text) || !text.includes('T') ? text : `${text}Z`);
  return Number.isNaN(time) ? null : sensible(time - nowMs);
}

const sensible = (lifeMs: number): number | null => (lifeMs > 0 && lifeMs <= 3650 * DAY ? lifeMs : null);

function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** Parsed when it is asked for; undefined when it is not JSON. */
function lazy(text: string): () => unknown {
  let parsed: { readonly value: unknown } | undefined;
  return () => (parsed ??= { value: attempt(text) }).value;
}

function attempt(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
