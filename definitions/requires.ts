import { z } from 'zod';
import { durationMs } from './duration-text.ts';
import { fetchNeed } from './fetch-need.ts';
import { means } from './means.ts';

const WEEK = 7 * 24 * 3_600_000;

/** A record that has to be there first: docs/waiting.md. */
export const need = z.strictObject({
  stream: means('the stream of the required record: another one of the partner, or the same', z.string().min(1)),
  by: means(
    'the field that holds the key of the required record; a list, in its order, for a key of several fields',
    z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
  ),
  field: means(
    'compare `by` with this top-level field of the required record; with its key if absent',
    z.string().min(1).optional(),
  ),
  optional: means(
    'whether a record whose `by` is null or absent requires nothing; otherwise it goes to quarantine',
    z.boolean().default(false),
  ),
  within: means(
    'how long a record may wait before runs of its stream, `syncline status` and alerts say so',
    durationMs.refine((ms) => ms > 0, 'above 0').default(WEEK),
  ),
  fetch: means('how to ask the partner for a missing record; if absent, it is only waited for', fetchNeed.optional()),
});
export type NeedDefinition = z.output<typeof need>;

/** What the records of a stream need, by names that people read. */
export const requires = z.record(z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, 'a lower-case name'), need);
export type Requires = z.output<typeof requires>;

export const fieldsBy = ({ by }: Pick<NeedDefinition, 'by'>): readonly string[] => (typeof by === 'string' ? [by] : by);
