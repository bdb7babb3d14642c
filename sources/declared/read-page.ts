import { RetryLater } from '../../core/errors.ts';
import { writeExactly } from '../../core/exact-json.ts';
import { parseJson, valueAt } from '../../core/json.ts';
import type { Position } from '../../core/page.ts';
import type { PageRead, SourceAnswer } from '../../core/source.ts';
import type { Pagination, Partner, StreamDefinition } from '../../definitions/definition.ts';
import { errorsBeside } from './errors-beside.ts';
import { plainPath, shapeOf, stepsOf, type RecordsShape } from '../../definitions/records.ts';
import { nextPage } from './next-page.ts';
import { shapeRecords } from './shape-records.ts';

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
  const { pagination } = stream;
  const shape = shapeOf(stream.records);
  const { body, listed, ...content } = readJson(answer, shape);
  const { headers, url } = answer;
  const next = nextPage({ pagination, body, headers, records: listed, position, url, auth: partner.auth });
  const errors = errorsBeside(body, [stream.errorsAt].flat(), stepsOf(shape.path).join('.'));
  const doubted = errors === undefined ? next : { ...next, doubt: errors };
  return {
    ...content,
    next: shape.explode === undefined ? doubted : { ...doubted, total: null },
    full: listed.length >= sizeOf(pagination),
  };
}

interface BodyRead extends Omit<PageRead, 'next' | 'full'> {
  readonly body: unknown;
  /** The records before they were exploded. */
  readonly listed: readonly unknown[];
}

function readJson(answer: SourceAnswer, shape: RecordsShape): BodyRead {
  const body = parseBody(answer);
  const { records, listed, faults } = shapeRecords(body, shape);
  const exactAt = plainPath(shape);
  if (exactAt !== undefined && Array.isArray(valueAt(body, exactAt))) return { body, listed, records, exactAt };
  const texts = writeExactly(answer.text, (parsed) => shapeRecords(parsed, shape).records);
  if (texts === undefined) return { body, listed, records, faults };
  // What is kept is read again from its text, so the record has to be what that gives.
  return { body, listed, records: texts.map((text) => parseJson(text)), texts, faults };
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
    throw new RetryLater(`expected JSON, found something else or a part of it (${kind})`);
  }
}
