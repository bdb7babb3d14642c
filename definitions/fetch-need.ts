import { z } from 'zod';
import { durationMs } from './duration-text.ts';
import { records, shapeOf } from './records.ts';
import { parameters } from './request-shapes.ts';
import type { StreamDefinition } from './definition.ts';

const SIX_HOURS = 6 * 3_600_000;

/** How a needed record is asked for by what names it: docs/waiting.md. */
export const fetchNeed = z.strictObject({
  /** Its placeholders are the fields that name the record: those of its key, or `field`. */
  path: z.string().min(1),
  query: parameters.default({}),
  /** Where in the answer the record is, as in a stream; an object there is the record. */
  records,
  /** Most calls in one run of the stream that waits. */
  most: z.int().positive().default(100),
  /** A record that an answer did not bring is asked for again after this. */
  again: durationMs.refine((ms) => ms > 0, 'above 0').default(SIX_HOURS),
});
export type FetchNeed = z.output<typeof fetchNeed>;

/** The definition of a stream, as one of its records is asked for. */
export function definitionOfOne(
  stream: StreamDefinition,
  { path, query, records: given }: FetchNeed,
): StreamDefinition {
  const {
    source: _source,
    job: _job,
    body: _body,
    form: _form,
    text: _text,
    contentType: _contentType,
    graphql: _graphql,
    pageSize: _pageSize,
    incremental: _incremental,
    slice: _slice,
    parent: _parent,
    format: _format,
    headers,
    ...rest
  } = stream;
  return {
    ...rest,
    path,
    query,
    method: 'GET',
    // What is filled in there is of a listing.
    headers: Object.fromEntries(Object.entries(headers).filter(([, text]) => !text.includes('{'))),
    pagination: { type: 'none', all: true },
    compression: 'none',
    conditional: false,
    records: { ...shapeOf(given), single: true },
  };
}
