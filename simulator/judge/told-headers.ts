import { rateHeaders } from '../rate-headers.ts';
import type { Quota } from '../rate-headers.ts';
import { retryAfter } from '../retry-after.ts';
import type { Micros } from '../micros.ts';
import type { HeaderFamily } from '../settings.ts';
import { liesAt, spoiled, twisted } from './lies.ts';
import type { JudgeConfig, Lie } from './settings.ts';

export interface Telling {
  readonly headers: Readonly<Record<string, string>>;
  /** Before this nobody should come back; undefined: no wait was told that could be understood. */
  readonly untilUs: Micros | undefined;
}

/** All that an answer tells about limits and time, true or not. `waitUs` is 0 for a request that passed. */
export function tellingOf(
  settings: Pick<JudgeConfig, 'headers' | 'clockSkewMs' | 'lies' | 'refusal'>,
  at: { readonly nowUs: Micros; readonly number: number; readonly quotas: readonly Quota[]; readonly waitUs: number },
): Telling {
  const ok = at.waitUs === 0;
  const lies = liesAt(settings.lies, at.number);
  const partnerMs = at.nowUs / 1000 + settings.clockSkewMs;
  const limits = limitHeaders(settings.headers, at, partnerMs, lies);
  const date = settings.clockSkewMs === 0 ? {} : { date: new Date(partnerMs).toUTCString() };
  if (ok) return { headers: { ...limits, ...date }, untilUs: undefined };

  const wait = retryAfter(settings.refusal.retryAfter, at.waitUs / 1_000_000, partnerMs);
  const waitUs = Math.round((wait.untilMs - partnerMs) * 1000);
  const headers = { ...limits, ...date, ...(wait.value === undefined ? {} : { 'retry-after': wait.value }) };
  if (waitUs > 0) return { headers, untilUs: at.nowUs + waitUs };
  const resetUs = lies.length === 0 && tellsReset.has(settings.headers) ? (at.quotas[0]?.resetMs ?? 0) * 1000 : 0;
  return { headers, untilUs: wait.value === undefined && resetUs > 0 ? at.nowUs + resetUs : undefined };
}

const tellsReset: ReadonlySet<HeaderFamily> = new Set(['ietf', 'ratelimit', 'x-ratelimit', 'github', 'zendesk']);

function limitHeaders(
  family: HeaderFamily,
  at: { readonly number: number; readonly quotas: readonly Quota[]; readonly waitUs: number },
  partnerMs: number,
  lies: readonly Lie[],
): Readonly<Record<string, string>> {
  if (family === 'none') return {};
  // The IETF fields are lists; the others know one limit only.
  const told = (family === 'ietf' ? at.quotas : at.quotas.slice(0, 1)).map((quota) =>
    rateHeaders(family, twisted(quota, lies, at.waitUs === 0), partnerMs),
  );
  const [first = {}, ...more] = told;
  const joined = Object.entries(first).map(([name, value]) => [
    name,
    [value, ...more.map((each) => each[name] ?? '')].join(', '),
  ]);
  return spoiled(more.length === 0 ? first : Object.fromEntries(joined), lies, at.number);
}
