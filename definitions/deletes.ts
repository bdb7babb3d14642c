import { z } from 'zod';
import { defaultHold } from '../core/landed-stream.ts';
import { durationMs } from './duration-text.ts';

/** How a stream knows that records are gone, and what that means for its tables: docs/deletes.md. */

const value = z.union([z.string(), z.number(), z.boolean()]);

export const deletes = z.strictObject({
  /** The stream whose records are gone: those of this one name them by its key. */
  of: z.string().min(1).optional(),
  /** A record in which something stands here is a delete: neither null, false, 0 nor empty. */
  field: z.string().min(1).optional(),
  /** It is one only where this stands there, */
  equals: value.optional(),
  /** or one of these. */
  in: z.array(value).min(1).optional(),
  /** `hard`: the row goes. `soft`: it stays with its values, and `_deleted_at` says since when its record is gone. */
  as: z.enum(['hard', 'soft']).default('hard'),
  /**
   * What a complete listing does not have is gone: of all that there is (`true`), of the time that it was asked for (`window`), or of the
   * parents that it was asked for (`parent`).
   */
  sweep: z.union([z.literal(true), z.enum(['window', 'parent'])]).optional(),
  /** So many at once, and such a part of all rows, wait until a person has looked at it; false: none does. */
  hold: z
    .union([
      z.literal(false),
      z.strictObject({
        count: z.int().nonnegative().default(defaultHold.count),
        share: z.number().min(0).max(1).default(defaultHold.share),
        /** How long a run waits for an answer. */
        for: durationMs.default(defaultHold.for),
      }),
    ])
    .prefault({}),
});
export type Deletes = z.output<typeof deletes>;
