import { z } from 'zod';
import { means } from './means.ts';

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const scalars = z.union([scalar, z.array(scalar).min(1)]);

const flag = z.union([
  z.string().min(1),
  z.strictObject({
    path: means('path of the value that says it', z.string().min(1)),
    yes: scalars.describe('the value, or list of values, that means yes'),
    no: scalars.describe('the value, or list of values, that means no'),
  }),
]);
export type Flag = z.output<typeof flag>;

/** What a partner may say outright. */
export const endFlags = {
  hasMore: means(
    'path of a boolean that is false on the last page; with other values `{ path, yes, no }`',
    flag.optional(),
  ),
  isLast: means(
    'path of a boolean that is true on the last page; with other values `{ path, yes, no }`',
    flag.optional(),
  ),
};
export interface EndFlags {
  readonly hasMore?: Flag | undefined;
  readonly isLast?: Flag | undefined;
}

/** Partners that filter behind their pages send empty ones in the middle. Where it is written, an empty page among numbered ones is no doubt. */
export const emptyPages = {
  emptyPages: means(
    'how many pages in a row may be empty and still name a next one; 1000 if absent',
    z.int().positive().max(1_000_000).optional(),
  ),
};

/** Where an answer names the cursor that the next run is to go on from, and only changes come. */
export const keptUrl = {
  keep: means('path of the URL that the next run goes on from: a delta link', z.string().min(1).optional()),
};
export const keptToken = {
  keep: means(
    'path of the token that the next run goes on from; `{ path, as }` if it goes back in a parameter of its own',
    z
      .union([
        z.string().min(1),
        z.strictObject({
          path: means('path of the token that the next run goes on from', z.string().min(1)),
          as: means('name of the parameter in which that token goes back', z.string().min(1)),
        }),
      ])
      .optional(),
  ),
};

export const noNext = {
  none: means(
    'further values that mean "no next page", besides null, false, 0, nothing and texts such as `null`',
    scalars.optional(),
  ),
};

export const firstCursor = {
  first: means(
    'cursor of the first page, if the partner wants one: `*` for a scan, a key below all others',
    z.union([z.string().min(1), z.number()]).optional(),
  ),
};
