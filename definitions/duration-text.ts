import { z } from 'zod';
import { parseDuration } from '../core/duration.ts';

/** A duration as definitions write it; milliseconds once parsed. */
export const durationMs = z.string('a duration such as 500ms, 30s, 5m, 2h, 1d').transform((text, context) => {
  const value = parseDuration(text);
  if (value === undefined) context.addIssue({ code: 'custom', message: 'a duration such as 500ms, 30s, 5m, 2h, 1d' });
  return value ?? 0;
});
