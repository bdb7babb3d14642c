import { parseHttpDate } from './http-date.ts';

/**
 * The partner's clock, epoch ms, when its answer came: its `Date`, and `Age` if a cache kept it that long (RFC 9110
 * §6.6.1, RFC 9111 §5.1). undefined when the answer does not tell.
 */
export function readPartnerClock(
  headers: { readonly date?: string | undefined; readonly age?: string | undefined },
  nowMs: number,
): number | undefined {
  const { date, age = '' } = headers;
  const sentAtMs = date === undefined || date.length > 100 ? undefined : parseHttpDate(date, nowMs);
  if (sentAtMs === undefined) return undefined;
  return /^\d{1,9}$/.test(age.trim()) ? sentAtMs + Number(age) * 1000 : sentAtMs;
}
