import { RetryLater } from '../../core/errors.ts';
import type { Position } from '../../core/page.ts';
import type { PageRead, SourceAnswer } from '../../core/source.ts';
import type { Pagination, Partner, StreamDefinition } from '../../definitions/definition.ts';
import { shapeOf, stepsOf } from '../../definitions/records.ts';
import { errorsBeside } from './errors-beside.ts';
import { readBody } from './formats/read-body.ts';
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
    full: listed.length >= sizeOf(pagination),
  };
}

function sizeOf(pagination: Pagination): number {
  return pagination.type === 'offset' ? pagination.limit : pagination.type === 'page' ? pagination.size : 0;
}
