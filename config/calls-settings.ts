import { z } from 'zod';
import { parseDuration } from '../core/duration.ts';

/** How much of the calls to partners is kept, and how long (docs/calls.md). */
export const callsVariables = {
  SYNCLINE_CALLS_KEEP: z
    .string()
    .default('14d')
    .transform((text, context) => {
      const value = parseDuration(text);
      if (value === undefined)
        context.addIssue({ code: 'custom', message: 'a duration such as 14d, or 0s to keep no calls' });
      return value ?? 0;
    }),
  SYNCLINE_CALLS_SAMPLE: z
    .string()
    .regex(/^(0(\.\d+)?|1(\.0+)?)$/, 'a share from 0 to 1, such as 0.1')
    .default('1')
    .transform(Number),
};

export interface CallsSettings {
  /** 0: no call is kept. */
  readonly keepMs: number;
  /** Of calls that went well, where the definition does not say it. */
  readonly sample: number;
}

const variables = z.object(callsVariables);

export const callsSettings = (value: z.output<typeof variables>): CallsSettings => ({
  keepMs: value.SYNCLINE_CALLS_KEEP,
  sample: value.SYNCLINE_CALLS_SAMPLE,
});
