import { NoRecords, RetryLater } from '../../core/errors.ts';
import { parseJson, valueAt } from '../../core/json.ts';
import type { Position } from '../../core/page.ts';
import type { PageRead, SourceAnswer } from '../../core/source.ts';
import type { Pagination, Partner, StreamDefinition } from '../../definitions/definition.ts';
import { arraysIn } from './arrays-in.ts';
import { errorsBeside } from './errors-beside.ts';
import { nextPage } from './next-page.ts';
import { readOffset } from './page-params.ts';
import { usualSize } from './paginate/usual-size.ts';

interface Declared {
  readonly partner: Partner;
  readonly stream: StreamDefinition;
}

const nothing: PageRead = { records: [], next: { cursor: null, total: null } };

/** What an answer holds by the definition. Throws RetryLater where it is not what the definition says. */
export function readPage({ partner, stream }: Declared, answer: SourceAnswer, position: Position): PageRead {
  if (answer.status === 204 && position.cursor !== null)
    throw new RetryLater('answered 204 (nothing) in the middle of a listing');
  if (answer.status === 304 || answer.status === 204) return nothing;
  const body = parseBody(answer);
  const { records: path, pagination } = stream;
  const records = valueAt(body, path);
  if (!Array.isArray(records))
    throw new NoRecords(
      `expected an array of records at ${path === '' ? 'the top of the body' : `"${path}"`}, found ${typeName(records)}${elsewhere(body)}`,
    );
  const { headers, url } = answer;
  const next = nextPage({ pagination, body, headers, records, position, url, auth: partner.auth });
  const errors = errorsBeside(body, [stream.errorsAt].flat(), path);
  const doubted = errors === undefined ? next : { ...next, doubt: errors };
  return { records, next: doubted, full: isFull(pagination, position, records.length, next.total), exactAt: path };
}

/** Where a page that repeats the one before it is not full, and the stated total is reached, that was the last one. */
function isFull(pagination: Pagination, { cursor }: Position, received: number, total: number | null): boolean {
  if (pagination.type === 'page') return received >= usualSize(pagination, cursor, 2);
  if (pagination.type !== 'offset') return true;
  // More than the total was read: it is no number to go by.
  return received >= pagination.limit || (total !== null && readOffset(cursor) > total);
}

function parseBody({ headers, text, bytes }: SourceAnswer): unknown {
  const kind = `${headers['content-type'] ?? 'no content type'}, ${bytes} bytes`;
  if (text.trim() === '') throw new RetryLater(`expected JSON, found an empty body (${kind})`);
  try {
    return parseJson(text);
  } catch {
    // The parser's own message quotes the text, which may be a record.
    throw new RetryLater(`expected JSON, found something else or a part of it (${kind})`);
  }
}

function typeName(value: unknown): string {
  if (value === undefined) return 'nothing';
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`;
}

function elsewhere(body: unknown): string {
  if (Array.isArray(body)) return '; the body itself is an array: leave "records" out';
  const paths = arraysIn(body);
  return paths.length === 0 ? '' : `; arrays are at ${paths.map((path) => `"${path}"`).join(', ')}: see "records"`;
}
