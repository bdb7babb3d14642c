import { exactDuration } from '../core/duration.ts';

export { exactDuration };

/** `0.4s`, `16.1s`, `4m 12s`, `2h 05m`: how long something took; empty while it goes on. */
export function took(from: string, to: string | null): string {
  if (to === null) return '';
  return exactDuration(Date.parse(to) - Date.parse(from));
}

/** `2026-11-30 03:17Z`, in tables; empty: not yet. */
export const shortTime = (iso: string | null): string =>
  iso === null ? '' : `${iso.slice(0, 10)} ${iso.slice(11, 16)}Z`;
