import { RetryLater } from '../../core/errors.ts';
import { parseJson, valueAt } from '../../core/json.ts';
import { wordThatIsNoJson } from '../../core/no-json.ts';
import type { Position } from '../../core/page.ts';
import type { PageRead, SourceAnswer } from '../../core/source.ts';
import type { Pagination, Partner, StreamDefinition } from '../../definitions/definition.ts';
import { arraysIn } from './arrays-in.ts';
import { nextPage } from './next-page.ts';

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
    throw new RetryLater(
      `expected an array of records at ${path === '' ? 'the top of the body' : `"${path}"`}, found ${typeName(records)}${elsewhere(body)}`,
    );
  const { headers, url } = answer;
  const next = nextPage({ pagination, body, headers, records, position, url, auth: partner.auth });
  return { records, next, full: records.length >= sizeOf(pagination), exactAt: path };
}

function sizeOf(pagination: Pagination): number {
  return pagination.type === 'offset' ? pagination.limit : pagination.type === 'page' ? pagination.size : 0;
}

function parseBody({ headers, text, bytes }: SourceAnswer): unknown {
  const kind = `${headers['content-type'] ?? 'no content type'}, ${bytes} bytes`;
  if (text.trim() === '') throw new RetryLater(`expected JSON, found an empty body (${kind})`);
  try {
    return parseJson(text);
  } catch {
    // The parser's own message quotes the text, which may be a record.
    throw new RetryLater(
      `expected JSON, found ${wordThatIsNoJson(text) ?? 'something else or a part of it'} (${kind})`,
    );
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
