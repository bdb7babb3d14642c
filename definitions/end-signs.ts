import { z } from 'zod';

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const scalars = z.union([scalar, z.array(scalar).min(1)]);

/** Path of a boolean; or with the values that stand for yes and no where the partner has others than true and false. */
const flag = z.union([z.string().min(1), z.strictObject({ path: z.string().min(1), yes: scalars, no: scalars })]);
export type Flag = z.output<typeof flag>;

/** What a partner may say outright: that there is another page (`hasMore`), or that this is the last one (`isLast`). */
export const endFlags = { hasMore: flag.optional(), isLast: flag.optional() };
export interface EndFlags {
  readonly hasMore?: Flag | undefined;
  readonly isLast?: Flag | undefined;
}

/**
 * How many pages in a row may be empty and name a next one, as partners send them that filter behind their pages; 1000 if absent. Where it
 * is written, an empty page among numbered ones is no doubt.
 */
export const emptyPages = { emptyPages: z.int().positive().max(1_000_000).optional() };

/**
 * Where an answer names the cursor that the next run is to go on from, and only changes come: a delta link, the token of a synchronization.
 * `as`: the parameter that it goes back in, if not the one of the pages' tokens.
 */
export const keptUrl = { keep: z.string().min(1).optional() };
export const keptToken = {
  keep: z.union([z.string().min(1), z.strictObject({ path: z.string().min(1), as: z.string().min(1) })]).optional(),
};

/** Values of a token or URL that mean "there is none", beside those that always do. */
export const noNext = { none: scalars.optional() };

/** What the first page is asked with, where the partner wants a cursor there, too: `*` of a scan, a key below all others. */
export const firstCursor = { first: z.union([z.string().min(1), z.number()]).optional() };
