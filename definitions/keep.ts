import { z } from 'zod';
import { DAY } from '../core/duration.ts';
import { durationMs } from './duration-text.ts';

const units = { kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 } as const;

/** As definitions write it; bytes once parsed. */
const byteSize = z.string('a size such as 500MB, 50GB').transform((text, context) => {
  const [, number, unit] = /^(\d+(?:\.\d+)?) ?(kB|MB|GB|TB)$/.exec(text) ?? [];
  if (unit === undefined) context.addIssue({ code: 'custom', message: 'a size such as 500MB, 50GB' });
  return Math.round(Number(number) * (units[unit as keyof typeof units] ?? 0));
});

/** How long what was received is kept: docs/retention.md. What decides a row of a table always stays. */
export const keep = z.strictObject({
  /** An event goes once one of these says so, and another event of its key has taken its place. */
  log: z
    .strictObject({
      /** It was received so long ago. */
      age: durationMs.optional(),
      /** Its key has so many that are newer. */
      versionsPerKey: z.int().positive().optional(),
      /** All of the stream's log takes more; the oldest go first. */
      size: byteSize.optional(),
      /** What is younger stays in any case: what `undo` and `trace` need of the last days. */
      atLeast: durationMs.default(7 * DAY),
      /** Also where the stream has a history, which cannot be made anew then with all its versions. */
      underHistory: z.boolean().default(false),
    })
    .refine(
      ({ age, versionsPerKey, size }) => (age ?? versionsPerKey ?? size) !== undefined,
      'at least one of age, versionsPerKey and size',
    )
    .optional(),
  /** Pages that brought nothing new, of runs that ended so long ago. */
  ledger: durationMs.optional(),
  /** Records that had to wait, and were released or refused so long ago; entries of the quarantine that were replayed, or overtaken by a newer record, so long ago. */
  settled: durationMs.optional(),
  /** What reconciliations found, each key, of those that ended so long ago; 90 days when absent. */
  findings: durationMs.optional(),
});
export type Keep = z.output<typeof keep>;
export type KeptLog = NonNullable<Keep['log']>;

/** What only says how long findings are kept leaves nothing to look for in the log. */
export const removesEvents = (keep: Keep | undefined): boolean =>
  (keep?.log ?? keep?.ledger ?? keep?.settled) !== undefined;
