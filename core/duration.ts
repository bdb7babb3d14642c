import ms from 'ms';

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Milliseconds of `250ms`, `5s`, `10m`, `2h`, `30d`; undefined when the text is not such a duration. */
export function parseDuration(text: string): number | undefined {
  if (!/^\d+(\.\d+)?(ms|s|m|h|d|w)$/.test(text)) return undefined;
  const value = ms(text as ms.StringValue);
  return Number.isFinite(value) ? value : undefined;
}

/** `1.2s`, `5s`, `3m`, `2h`: for people, not for machines. What is nearly an hour is `1h`, not `60m`. */
export function formatDuration(durationMs: number): string {
  const unit = [DAY, HOUR, MINUTE, SECOND / 10].find((each) => durationMs >= each && durationMs >= SECOND) ?? 1;
  const rounded = Math.round(durationMs / unit) * unit;
  return rounded < MINUTE && rounded >= SECOND ? `${rounded / SECOND}s` : ms(rounded);
}

/** `0.4s`, `16.1s`, `4m 12s`, `2h 05m`. */
export function exactDuration(durationMs: number): string {
  if (durationMs < MINUTE)
    return durationMs < SECOND ? `${(durationMs / SECOND).toFixed(1)}s` : formatDuration(durationMs);
  const [hours, minutes, seconds] = [durationMs / HOUR, (durationMs % HOUR) / MINUTE, (durationMs % MINUTE) / SECOND];
  return hours >= 1 ? `${Math.floor(hours)}h ${two(minutes)}m` : `${Math.floor(minutes)}m ${two(seconds)}s`;
}

const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
