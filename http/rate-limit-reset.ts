import { parseHttpDate } from './http-date.ts';
import { capWait, partnerNow } from './retry-after.ts';
import type { Wait } from './retry-after.ts';

export interface ResetInput {
  readonly headers: Readonly<Record<string, string>>;
  readonly nowMs: number;
  readonly maxWaitMs: number;
}

/**
 * The longest wait that the usual rate-limit headers of a throttled answer name, or undefined. Whether a number counts
 * seconds or is a time differs from partner to partner under one name, so this goes by its size.
 */
export function readRateLimitReset({ headers, nowMs, maxWaitMs }: ResetInput): Wait | undefined {
  const partnerNowMs = partnerNow(headers.date, nowMs);
  const waits = [...structuredResets(headers.ratelimit ?? ''), ...resetHeaders.map((name) => headers[name] ?? '')]
    .map((text) => waitOf(text.trim(), partnerNowMs))
    .filter((wait) => wait !== undefined);
  return waits.length === 0 ? undefined : capWait(Math.max(...waits), maxWaitMs);
}

const resetHeaders = ['ratelimit-reset', 'x-ratelimit-reset', 'x-rate-limit-reset'] as const;

/** `"default";r=0;t=30` and the older `limit=100, remaining=0, reset=5` (drafts of draft-ietf-httpapi-ratelimit-headers). */
function structuredResets(header: string): string[] {
  return [...header.matchAll(/(?:^|[;,])\s*(?:t|reset)=(\d+)/g)].map(([, seconds = '']) => seconds);
}

const HORIZON = 48 * 3_600_000;

function waitOf(text: string, partnerNowMs: number): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) {
    const value = Number(text);
    if (value < 1e8) return Math.ceil(value * 1000);
    const until = value < 1e11 ? value * 1000 : value;
    return Math.abs(until - partnerNowMs) <= HORIZON ? Math.ceil(until - partnerNowMs) : undefined;
  }
  const until = parseHttpDate(text, partnerNowMs);
  return until === undefined ? undefined : until - partnerNowMs;
}
