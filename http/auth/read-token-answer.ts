import { NeedsAttention, RetryLater } from '../../core/errors.ts';
import { DAY, SECOND } from '../../core/duration.ts';
import { readRetryAfter } from '../retry-after.ts';
import type { TokenAnswer } from './token-exchange.ts';

export interface GrantedToken {
  readonly accessToken: string;
  /** null when the partner does not say, or says nothing sensible. */
  readonly lifetimeMs: number | null;
  readonly refreshToken: string | null;
}

/** RFC 6749 §5.1 and §5.2. `invalid_grant` is a value: another refresh token may still do. */
export function readTokenAnswer({ status, headers, text, receivedAtMs }: TokenAnswer): GrantedToken | 'invalid_grant' {
  const at = { status };
  if (status >= 500 || status === 408 || status === 425 || status === 429) {
    const wait = readRetryAfter({
      value: headers['retry-after'],
      date: headers.date,
      nowMs: receivedAtMs,
      maxWaitMs: DAY,
    });
    const asked = wait === undefined || wait.waitMs === 0 ? {} : { afterMs: wait.waitMs };
    throw new RetryLater(`the token endpoint answered ${status}`, { at, ...asked });
  }
  const body = parseObject(text);
  // Some answer an error with 200.
  const error = typeof body?.error === 'string' ? body.error : undefined;
  if (error === 'invalid_grant') return error;
  if (error !== undefined && passing.has(error)) throw new RetryLater(`the token endpoint says ${error}`, { at });
  if (error !== undefined || status < 200 || status > 299) {
    const said = error !== undefined && registered.has(error) ? ` with ${error}` : '';
    throw new NeedsAttention(
      `the token endpoint answered ${status}${said}: check tokenUrl, client id, secret and scope`,
      {
        at,
      },
    );
  }
  if (body === undefined) throw new RetryLater('the token endpoint answered something that is not JSON', { at });
  return granted(body, at);
}

/** RFC 6749 §4.1.2.1 and RFC 8628 §3.5: nothing is wrong with us. */
const passing: ReadonlySet<string> = new Set(['server_error', 'temporarily_unavailable', 'slow_down']);
/** RFC 6749 §5.2. Any other text could be anything, even a secret sent back. */
const registered: ReadonlySet<string> = new Set([
  'invalid_request',
  'invalid_client',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
]);

function granted(body: Readonly<Record<string, unknown>>, at: { readonly status: number }): GrantedToken {
  const { access_token: accessToken, token_type: type, refresh_token: refreshToken } = body;
  if (typeof accessToken !== 'string' || !/^[\x20-\x7e]+$/.test(accessToken))
    throw new NeedsAttention('the token endpoint answered without a usable access_token', { at });
  if (typeof type === 'string' && type.toLowerCase() !== 'bearer')
    throw new NeedsAttention('the token endpoint grants tokens of a type other than Bearer', { at });
  return {
    accessToken,
    lifetimeMs: lifetime(body.expires_in),
    refreshToken: typeof refreshToken === 'string' && refreshToken !== '' ? refreshToken : null,
  };
}

function lifetime(expiresIn: unknown): number | null {
  const isText = typeof expiresIn === 'string' && /^\d+(\.\d+)?$/.test(expiresIn);
  const seconds = isText ? Number(expiresIn) : expiresIn;
  if (typeof seconds !== 'number' || !(seconds > 0) || seconds * SECOND > 3650 * DAY) return null;
  return seconds * SECOND;
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
