import { formatDuration, HOUR, MINUTE, SECOND } from '../core/duration.ts';

/** `0.4s`, `16.1s`, `4m 12s`, `2h 05m`: how long something took; empty while it goes on. */
export function took(from: string, to: string | null): string {
  if (to === null) return '';
  return exactDuration(Date.parse(to) - Date.parse(from));
}

export function exactDuration(durationMs: number): string {
  if (durationMs < MINUTE)
    return durationMs < SECOND ? `${(durationMs / SECOND).toFixed(1)}s` : formatDuration(durationMs);
  const [hours, minutes, seconds] = [durationMs / HOUR, (durationMs % HOUR) / MINUTE, (durationMs % MINUTE) / SECOND];
  return hours >= 1 ? `${Math.floor(hours)}h ${two(minutes)}m` : `${Math.floor(minutes)}m ${two(seconds)}s`;
}

/** `2026-11-30 03:17Z`, in tables; empty: not yet. */
export const shortTime = (iso: string | null): string =>
  iso === null ? '' : `${iso.slice(0, 10)} ${iso.slice(11, 16)}Z`;

const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
