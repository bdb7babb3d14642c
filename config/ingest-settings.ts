import { z } from 'zod';
import { parseDuration } from '../core/duration.ts';

/** How the role `ingest` is run (docs/push.md). */
export const ingestVariables = {
  SYNCLINE_KEY_LEASE: z
    .string()
    .default('20s')
    .transform((text, context) => {
      const value = parseDuration(text);
      if (value === undefined || value < 1000)
        context.addIssue({ code: 'custom', message: 'a duration of 1s or more, such as 20s' });
      return value ?? 0;
    }),
};

export interface IngestSettings {
  /** How long a key is locked at most by a request that died half-way. */
  readonly leaseMs: number;
}

const variables = z.object(ingestVariables);

export const ingestSettings = (value: z.output<typeof variables>): IngestSettings => ({
  leaseMs: value.SYNCLINE_KEY_LEASE,
});
