import { z } from 'zod';

/** What the first page of a run says of when to ask for it again: a run that begins sooner waits (docs/polling.md). */
export const polling = z
  .strictObject({
    /** Seconds; many partners send it with what is polled. */
    header: z.string().min(1).default('X-Poll-Interval'),
    /** Path of the seconds in the body. */
    path: z.string().min(1).optional(),
    /** Whether `Cache-Control: max-age` counts: the partner's caches answer no sooner with anything new. */
    maxAge: z.boolean().default(false),
  })
  .prefault({});
export type Polling = z.output<typeof polling>;
