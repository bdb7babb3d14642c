import { z } from 'zod';

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
});
export type Deletes = z.output<typeof deletes>;
