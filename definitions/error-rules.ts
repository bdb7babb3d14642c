import { z } from 'zod';

/** A header that the answer must have; with `equals` or `contains`, one of that value. */
export const headerRule = z.strictObject({
  name: z.string().min(1),
  equals: z.string().optional(),
  contains: z.string().min(1).optional(),
});

/** A path in a JSON body and the value it must have; without one, something must stand there. */
export const codeRule = z.strictObject({
  path: z.string(),
  equals: z.union([z.string(), z.number(), z.boolean()]).optional(),
});
