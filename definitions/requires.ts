import { z } from 'zod';
import { durationMs } from './duration-text.ts';
import { fetchNeed } from './fetch-need.ts';

const WEEK = 7 * 24 * 3_600_000;

/** A record that has to be there first: docs/waiting.md. */
export const need = z.strictObject({
  /** The stream whose record is needed; it may be the stream itself. */
  stream: z.string().min(1),
  /** The fields that name it: one for each field of its key, in the order of the key. */
  by: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
  /** The field of the needed record that holds the value; its key if absent. */
  field: z.string().min(1).optional(),
  /** A record whose `by` is null or absent needs nothing. Otherwise such a record does not fit. */
  optional: z.boolean().default(false),
  /** How long a record may wait before the runs of its stream say so. */
  within: durationMs.refine((ms) => ms > 0, 'above 0').default(WEEK),
  /** How the needed record is asked for where the partner offers that. */
  fetch: fetchNeed.optional(),
});
export type NeedDefinition = z.output<typeof need>;

/** What the records of a stream need, by names that people read. */
export const requires = z.record(z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, 'a lower-case name'), need);
export type Requires = z.output<typeof requires>;

export const fieldsBy = ({ by }: Pick<NeedDefinition, 'by'>): readonly string[] => (typeof by === 'string' ? [by] : by);
