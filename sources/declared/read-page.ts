import { RetryLater } from '../../core/errors.ts';
import type { Position } from '../../core/page.ts';
import type { PageRead, SourceAnswer } from '../../core/source.ts';
import type { Pagination, Partner, StreamDefinition } from '../../definitions/definition.ts';
import { shapeOf, stepsOf } from '../../definitions/records.ts';
import { errorsBeside } from './errors-beside.ts';
import { readBody } from './formats/read-body.ts';
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
  const { pagination } = stream;
  const shape = shapeOf(stream.records);
  const { body, listed, ...content } = readBody(stream, answer);
  const { headers, url } = answer;
  const next = nextPage({ pagination, body, headers, records: listed, position, url, auth: partner.auth });
  const errors = errorsBeside(body, [stream.errorsAt].flat(), stepsOf(shape.path).join('.'));
  const doubted = errors === undefined ? next : { ...next, doubt: errors };
  return {
    ...content,
    next: shape.explode === undefined ? doubted : { ...doubted, total: null },
    full: isFull(pagination, position, listed.length, next.total),
  };
}

/** Where a page that repeats the one before it is not full, and the stated total is reached, that was the last one. */
function isFull(pagination: Pagination, { cursor }: Position, received: number, total: number | null): boolean {
  if (pagination.type === 'page') return received >= usualSize(pagination, cursor, 2);
  if (pagination.type !== 'offset') return true;
  // More than the total was read: it is no number to go by.
  return received >= pagination.limit || (total !== null && readOffset(cursor) > total);
}
