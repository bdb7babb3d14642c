import { z } from 'zod';

/**
 * What an exchange is for an export job. The id of the job, wherever it stands, is a token that stands for one: each order gets an id of its own when
 * it is played.
 */
export const jobStep = z.discriminatedUnion('step', [
  z.strictObject({
    step: z.literal('create'),
    token: z.string(),
    /** Lower-case name of the header with the key of the order. */
    keyHeader: z.string(),
  }),
  z.strictObject({
    step: z.literal('find'),
    token: z.string(),
    /** The answer where there is one; the exchange has that where there is none. */
    found: z.string(),
  }),
  z.strictObject({
    step: z.literal('poll'),
    token: z.string(),
    /** The answer while it is at work; the exchange has that of a job that is done. */
    running: z.strictObject({ status: z.int(), text: z.string() }),
    /** The answers of a job that has failed, or whose result is gone; left out: the definition knows none. */
    failed: z.string().optional(),
    expired: z.string().optional(),
    /** Dotted path of the number of records in the answer. */
    total: z.string().optional(),
  }),
  z.strictObject({ step: z.literal('cancel'), token: z.string() }),
  z.strictObject({
    step: z.literal('result'),
    token: z.string(),
    /** It is a file whose address does not live long. */
    isFile: z.boolean(),
  }),
]);
export type JobStep = z.output<typeof jobStep>;

/** As generated exchanges have them, so that no other text is taken for one. */
export const tokenOf = (hash: string, listing: number): string => `chaos-${hash.slice(0, 8)}-${listing}`;
export const TOKENS = /(chaos-[\da-f]{8}-\d+)-(\d+)/g;
