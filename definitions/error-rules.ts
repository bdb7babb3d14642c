import { z } from 'zod';
import { means } from './means.ts';

/** What it names must all match. */
export const headerRule = z.strictObject({
  name: means('name of a header that the answer must have', z.string().min(1)),
  equals: means('the value that the header must have', z.string().optional()),
  contains: means("text that must be in the header's value", z.string().min(1).optional()),
});

export const codeRule = z.strictObject({
  path: means("path of a value in the answer's JSON; '' is all of it", z.string()),
  equals: means(
    'the value that must be there; without it, anything but null, false, 0 and nothing',
    z.union([z.string(), z.number(), z.boolean()]).optional(),
  ),
});
