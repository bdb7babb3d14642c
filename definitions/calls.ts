import { z } from 'zod';

/** What the call log keeps of calls: docs/calls.md. */
export const calls = z.strictObject({
  /** The share that is kept of calls that went well; those that failed always are. */
  sample: z.number().min(0).max(1).optional(),
  /** Of calls that failed, also the beginning of what the partner said, without what is secret. */
  excerpt: z.boolean().optional(),
});
