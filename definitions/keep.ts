import { z } from 'zod';
import { DAY } from '../core/duration.ts';
import { durationMs } from './duration-text.ts';
import { means } from './means.ts';

const units = { kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 } as const;

/** As definitions write it; bytes once parsed. */
const byteSize = z.string('a size such as 500MB, 50GB').transform((text, context) => {
  const [, number, unit] = /^(\d+(?:\.\d+)?) ?(kB|MB|GB|TB)$/.exec(text) ?? [];
  if (unit === undefined) context.addIssue({ code: 'custom', message: 'a size such as 500MB, 50GB' });
  return Math.round(Number(number) * (units[unit as keyof typeof units] ?? 0));
});

/** How long what was received is kept: docs/retention.md. What decides a row of a table always stays. */
export const keep = z.strictObject({
  log: means(
    'when events go: if one of `age`, `versionsPerKey`, `size` applies and a newer event of the key has replaced it',
    z
      .strictObject({
        age: means('events older than this are removed', durationMs.optional()),
        versionsPerKey: means('events whose key has this many later ones are removed', z.int().positive().optional()),
        size: means(
          "the oldest events are removed while the stream's log is larger than this, such as `50GB`",
          byteSize.optional(),
        ),
        // `undo` and `trace` need the last days.
        atLeast: means('events younger than this stay, whatever the other limits say', durationMs.default(7 * DAY)),
        underHistory: means(
          'whether events of a stream with a `history` are removed, too; it can then not be rebuilt with all versions',
          z.boolean().default(false),
        ),
      })
      .refine(
        ({ age, versionsPerKey, size }) => (age ?? versionsPerKey ?? size) !== undefined,
        'at least one of age, versionsPerKey and size',
      )
      .optional(),
  ),
  ledger: means(
    'pages that brought nothing new go when their run ended this long ago; never if absent',
    durationMs.optional(),
  ),
  settled: means(
    'entries of waiting and quarantined records go when they were settled this long ago; never if absent',
    durationMs.optional(),
  ),
  findings: means(
    'findings of reconciliations go when these ended this long ago; 90 days if absent',
    durationMs.optional(),
  ),
});
export type Keep = z.output<typeof keep>;
export type KeptLog = NonNullable<Keep['log']>;

/** What only says how long findings are kept leaves nothing to look for in the log. */
export const removesEvents = (keep: Keep | undefined): boolean =>
  (keep?.log ?? keep?.ledger ?? keep?.settled) !== undefined;
