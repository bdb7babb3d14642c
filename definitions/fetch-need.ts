import { z } from 'zod';
import { durationMs } from './duration-text.ts';
import { records, shapeOf } from './records.ts';
import { parameters } from './request-shapes.ts';
import type { StreamDefinition } from './definition.ts';
import { means } from './means.ts';

const SIX_HOURS = 6 * 3_600_000;

/** How a needed record is asked for by what names it: docs/waiting.md. */
export const fetchNeed = z.strictObject({
  path: means(
    'path of the request for one record; its placeholders are the fields that identify the record',
    z.string().min(1),
  ),
  query: means('parameters of the query, by name, with the same placeholders', parameters.default({})),
  records: records.describe(
    "where in the answer the record is, as in a stream, '' if the answer is the record; an object there is the record",
  ),
  most: means('the most of these requests in one run', z.int().positive().default(100)),
  again: means(
    'how long until a record that was not found is asked for again',
    durationMs.refine((ms) => ms > 0, 'above 0').default(SIX_HOURS),
  ),
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
