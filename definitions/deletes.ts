import { z } from 'zod';
import { defaultHold } from '../core/landed-stream.ts';
import { durationMs } from './duration-text.ts';
import { means } from './means.ts';

/** How a stream knows that records are gone, and what that means for its tables: docs/deletes.md. */

const value = z.union([z.string(), z.number(), z.boolean()]);

export const deletes = z.strictObject({
  of: means(
    'the stream whose records are gone: records of this one name them by the key',
    z.string().min(1).optional(),
  ),
  field: means(
    'path of a field that says that the record is gone, unless it is null, false, 0 or empty',
    z.string().min(1).optional(),
  ),
  equals: means('the record is gone only if `field` has this value', value.optional()),
  in: means('the record is gone only if `field` has one of these values', z.array(value).min(1).optional()),
  as: means(
    '`hard` removes the row. `soft` keeps it with its last values and fills `_deleted_at`',
    z.enum(['hard', 'soft']).default('hard'),
  ),
  sweep: means(
    'what a complete listing lacks is gone: of all rows (`true`), of the time asked for, or of the parents asked for',
    z.union([z.literal(true), z.enum(['window', 'parent'])]).optional(),
  ),
  hold: means(
    'deletes above both `count` and `share` wait for approval by a person; with `false` none wait',
    z
      .union([
        z.literal(false),
        z.strictObject({
          count: means('how many deletes at once need no approval', z.int().nonnegative().default(defaultHold.count)),
          share: means(
            'the share of all rows, 0 to 1, that needs no approval',
            z.number().min(0).max(1).default(defaultHold.share),
          ),
          for: means('how long a run waits for an approval', durationMs.default(defaultHold.for)),
        }),
      ])
      .prefault({}),
  ),
});
export type Deletes = z.output<typeof deletes>;
