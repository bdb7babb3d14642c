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

export const actions = [
  'ok',
  'throttled',
  'retry',
  'refreshToken',
  'skip',
  /** The listing has ended before this page. */
  'end',
  /** Its cursor is dead: the listing is read from its first page again, once. */
  'restart',
  'attention',
  'giveUp',
] as const;
export type Action = (typeof actions)[number];

/** A rule matches when all it names matches; the first that does wins over the built-in table. */
export const errorRule = z.strictObject({
  status: means(
    'HTTP status of the answer, such as 403 or `4xx`, or a list of numbers',
    z.union([z.int().min(100).max(599), z.string().regex(/^[1-5]xx$/), z.array(z.int().min(100).max(599))]).optional(),
  ),
  header: means('a header that the answer must have', headerRule.optional()),
  code: means("a value that the answer's JSON must have", codeRule.optional()),
  contains: means('text that the body must contain', z.string().min(1).optional()),
  action: means(
    'what such an answer leads to; `end`: the listing has ended, `restart`: it is read anew, `attention`: a person acts, `giveUp`: the stream fails',
    z.enum(actions),
  ),
  message: means('what a person should know or do; shown with the run', z.string().optional()),
});
export type ErrorRule = z.output<typeof errorRule>;
