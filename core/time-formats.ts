/** How times are written, by name. Anything else is a pattern (`time-pattern.ts`). */
export const timeFormats = [
  'iso',
  'isoSeconds',
  'isoNoZone',
  'date',
  'compact',
  'httpDate',
  'dotNet',
  'epochSeconds',
  'epochMs',
  'epochMicros',
  'epochNanos',
] as const;
export type NamedTimeFormat = (typeof timeFormats)[number];
/** A name of those, or a pattern: which one it is tells `isNamedFormat`. */
export type TimeFormat = string;

export const isNamedFormat = (format: TimeFormat): format is NamedTimeFormat =>
  (timeFormats as readonly string[]).includes(format);

/** Digits behind the second. */
export const epochDigits = { epochSeconds: 0, epochMs: 3, epochMicros: 6, epochNanos: 9 } as const;
export type EpochFormat = keyof typeof epochDigits;

export const isEpoch = (format: TimeFormat): format is EpochFormat => Object.hasOwn(epochDigits, format);
