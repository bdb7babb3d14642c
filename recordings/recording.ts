import { z } from 'zod';
import { jobStep } from './job-step.ts';
import { written } from './written.ts';

const pair = z.tuple([z.string(), z.string()]);

/** One answer, and what was asked for it. `{origin}` stands for the scheme, host and port of the partner. */
export const exchange = z.strictObject({
  method: z.string(),
  /** Of the URL, from its root. A part that holds a time is `{any}` (timeless-path.ts). */
  path: z.string().startsWith('/'),
  /** In the order that they were sent in, without secrets. */
  query: z.array(pair),
  /** JSON or other text that was sent. */
  body: z.string().nullable(),
  /** Headers that were sent with something that may differ from request to request, such as a cursor; lower-case names. */
  sent: z.record(z.string(), z.string()).optional(),
  status: z.int(),
  /** Lower-case names; those that say something of the listing or of limits. */
  headers: z.record(z.string(), z.string()),
  /** Empty where the answer is a file that holds others. */
  text: z.string(),
  /** The answer is such a file. */
  packed: z.enum(['gzip', 'zip']).optional(),
  /** The texts of the files in it. */
  files: z.array(z.string()).min(1).optional(),
  /** It orders an export job, tells of one, or is its result. */
  job: jobStep.optional(),
});
export type Exchange = z.output<typeof exchange>;

/** What a partner answered for one stream, with secrets and personal data replaced: docs/recordings.md. */
export const recording = z.strictObject({
  version: z.literal(1),
  partner: z.string(),
  stream: z.string(),
  recordedAt: z.iso.datetime(),
  /** Path of the definition's `baseUrl`; `''` where it is a host alone. */
  basePath: z.string(),
  /** Whether it was read to its end. */
  complete: z.boolean(),
  /** Distinct records that came, by key; by all they hold where the definition had none. */
  records: z.int().min(0),
  /** The definition had a primary key. */
  keyed: z.boolean(),
  /** Names of fields whose values were replaced. */
  replaced: z.array(z.string()),
  /** Left out: as JSON. */
  written: written.optional(),
  exchanges: z.array(exchange),
});
export type Recording = z.output<typeof recording>;

/** In texts and headers, so that links lead to whoever plays the recording. */
export const ORIGIN = '{origin}';
