import type { Arrival } from '../simulator/judge/arrivals.ts';

/**
 * How near to its limit a concurrency limit was used: time ÷ (requests × latency ÷ slots), for as long as at least as many
 * streams as slots had requests left. After that slots stay free however prompt everyone is: a listing is read page by page.
 */
export function slotUse(
  arrivals: readonly Pick<Arrival, 'atUs' | 'stream'>[],
  { slots, latencyMs }: { readonly slots: number; readonly latencyMs: number },
): number {
  const begin = Math.min(...arrivals.map(({ atUs }) => atUs));
  const last = new Map<string, number>();
  for (const { atUs, stream } of arrivals) last.set(stream, Math.max(last.get(stream) ?? 0, atUs));
  const until = [...last.values()].toSorted((a, b) => b - a)[slots - 1] ?? begin;
  const counted = arrivals.filter(({ atUs }) => atUs <= until).length;
  return (until - begin) / 1000 / (((counted - slots) * latencyMs) / slots);
}
