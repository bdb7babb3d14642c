import { parseDuration } from '../core/duration.ts';
import { InvalidInput } from '../core/errors.ts';

/** ISO time of what `--since` says: `7d` ago, or a time. */
export function sinceOf(text: string, nowMs: number): string {
  const agoMs = parseDuration(text);
  if (agoMs !== undefined) return new Date(nowMs - agoMs).toISOString();
  const atMs = Date.parse(text);
  if (/^\d{4}-\d\d-\d\d(T|$)/.test(text) && !Number.isNaN(atMs)) return new Date(atMs).toISOString();
  throw new InvalidInput(`--since: expected 30m, 2h, 7d or a time such as 2026-11-24T03:00:00Z, found "${text}"`);
}
