import { StartAnew } from '../../core/errors.ts';
import type { Position } from '../../core/page.ts';
import type { PageRead, Source, SourceAnswer } from '../../core/source.ts';
import type { Partner, StreamDefinition } from '../../definitions/definition.ts';
import { compressionOf, formatOf, type Format } from '../../definitions/formats.ts';
import { declaredSource } from '../declared/declared-source.ts';
import { isCut, PART } from './cut-bytes.ts';
import { filesOf, LargeAnswer, START, type Piece, type Place } from './large-answer.ts';
import { readPlace, writePlace, type PartPlace } from './part-cursor.ts';

/**
 * A declared source whose large answers of lines are read part by part, each a page of its own: an export of some gigabytes is neither held in
 * memory nor committed at once. The answer is asked for again only where nobody has it any more; then what was read of it has to be the same.
 */
export function inParts(partner: Partner, stream: StreamDefinition, size?: number): Source {
  const whole = declaredSource(partner, stream);
  const format = formatOf(stream.format);
  const { type } = stream.pagination;
  // Others count the records of a page, or look into all of it.
  const isApt = isCut(format) && (type === 'none' || type === 'link' || type === 'token');
  if (!isApt || (stream.pagination.type === 'token' && stream.pagination.from !== 'header')) return whole;
  const part = declaredSource(partner, { ...stream, format: { ...plain(format) }, compression: 'none' });
  const isPacked = compressionOf(stream.compression) !== undefined;
  const known = new WeakMap<object, LargeAnswer>();

  const largeOf = (answer: SourceAnswer): LargeAnswer | undefined => {
    const [first] = answer.large ?? answer.files ?? [];
    if (first === undefined || answer.status !== 200) return undefined;
    if (filesOf(answer).reduce((sum, { length }) => sum + length, 0) <= (size ?? PART)) return undefined;
    const found = known.get(first) ?? LargeAnswer.of(answer, { format, isPacked, size });
    if (found !== undefined) known.set(first, found);
    return found;
  };
  const pieceOf = (answer: SourceAnswer, position: Position): Cut | undefined => {
    const large = largeOf(answer);
    const place = readPlace(position.cursor);
    const from = place === undefined ? START : { file: place.file ?? 0, byte: place.byte };
    if (large?.has(from) !== true) return undefined;
    const piece = large.pieceAt(from);
    return from === START && piece.to === undefined ? undefined : { large, piece, place };
  };
  return {
    ...whole,
    request: (position) => whole.request(ofPage(position)),
    continues: ({ cursor }) => readPlace(cursor) !== undefined,
    takesLarge: () => true,
    foresee: (answer, position) =>
      readPlace(position.cursor) === undefined ? whole.foresee?.(answer, position) : undefined,
    prepare: async (answer, position) => {
      const cut = position === undefined ? undefined : pieceOf(answer, position);
      return cut === undefined
        ? whole.prepare?.(inMemory(answer), position)
        : part.prepare?.(answerOf(answer, cut.piece), position);
    },
    read: (answer, position) => {
      const cut = pieceOf(answer, position);
      const page = ofPage(position);
      if (cut === undefined) {
        if (readPlace(position.cursor) !== undefined) throw new StartAnew(CHANGED);
        return whole.read(inMemory(answer), page);
      }
      const { large, piece, place } = cut;
      if (place !== undefined && large.hashTo(piece.from) !== place.hash) throw new StartAnew(CHANGED);
      const read = part.read({ ...answerOf(answer, piece), prepared: answer.prepared }, page);
      const chars = piece.text.length;
      if (piece.to === undefined) return { ...read, chars };
      return {
        ...read,
        chars,
        next: further(read, { ...piece.to, cursor: page.cursor, hash: large.hashTo(piece.to) }),
      };
    },
  };
}

/** The position of the page that a part is of. */
function ofPage(position: Position): Position {
  const place = readPlace(position.cursor);
  return place === undefined ? position : { ...position, cursor: place.cursor };
}

interface Cut {
  readonly large: LargeAnswer;
  readonly piece: Piece;
  readonly place: PartPlace | undefined;
}

const CHANGED = 'an answer that was partly read has changed when asked for again';

/** Whether there is a next page shows at the end of the answer. */
const further = ({ next }: PageRead, place: Place & Pick<PartPlace, 'cursor' | 'hash'>): PageRead['next'] => ({
  cursor: writePlace(place),
  total: next.total,
});

/** What the text says itself is not said again by the definition. */
function plain(format: Format): Format {
  const { encoding: _encoding, ...rest } = format;
  return (format.type === 'csv' ? { ...rest, skipLines: 0 } : rest) as Format;
}

/** A large answer that cannot be cut, in memory. */
function inMemory(answer: SourceAnswer): SourceAnswer {
  const { large, status, headers, url, bytes, receivedAtMs, prepared } = answer;
  if (large === undefined) return answer;
  return {
    status,
    headers,
    url,
    bytes,
    ...(receivedAtMs === undefined ? {} : { receivedAtMs }),
    prepared,
    // Where the files say it, nobody asks for it.
    get text() {
      return answer.text;
    },
    files: large.map((file) => file.slice(0, file.length)),
  };
}

function answerOf({ status, headers, url, receivedAtMs }: SourceAnswer, { text }: Piece): SourceAnswer {
  return {
    status,
    headers,
    url,
    text,
    bytes: text.length,
    ...(receivedAtMs === undefined ? {} : { receivedAtMs }),
  };
}
