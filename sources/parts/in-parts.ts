import { createHash, type Hash } from 'node:crypto';
import { StartAnew } from '../../core/errors.ts';
import type { Position } from '../../core/page.ts';
import type { PageRead, Source, SourceAnswer } from '../../core/source.ts';
import type { Partner, StreamDefinition } from '../../definitions/definition.ts';
import { compressionOf, formatOf, type Format } from '../../definitions/formats.ts';
import { declaredSource } from '../declared/declared-source.ts';
import { textsOf } from '../declared/formats/text-of.ts';
import { endOfPart, headerOf, isCut, PART } from './cut-text.ts';
import { readPlace, writePlace, type PartPlace } from './part-cursor.ts';

/** A large text, and how far its hash was reckoned. */
interface Known {
  readonly text: string;
  readonly hash: Hash;
  at: number;
}

/**
 * A declared source whose large answers of lines are read part by part, each a page of its own: an export of some hundred megabytes is neither
 * parsed nor committed at once. The answer is asked for again only where nobody has it any more; then what was read of it has to be the same.
 */
export function inParts(partner: Partner, stream: StreamDefinition, size?: number): Source {
  const whole = declaredSource(partner, stream);
  const format = formatOf(stream.format);
  const { type } = stream.pagination;
  // Others count the records of a page, or look into all of it.
  const isApt = isCut(format) && (type === 'none' || type === 'link' || type === 'token');
  if (!isApt || (stream.pagination.type === 'token' && stream.pagination.from !== 'header')) return whole;
  const part = declaredSource(partner, { ...stream, format: { ...plain(format) }, compression: 'none' });
  const known = new WeakMap<Buffer, Known>();
  const isPacked = compressionOf(stream.compression) !== undefined;

  const knownOf = (answer: SourceAnswer): Known | undefined => {
    const [file, another] = answer.files ?? [];
    if (file === undefined || another !== undefined || answer.status !== 200) return undefined;
    // A text has no more characters than bytes.
    if (file.length <= (size ?? PART)) return undefined;
    const found = known.get(file);
    if (found !== undefined) return found;
    const [from] = textsOf(answer, format, isPacked);
    const made = { text: from?.text ?? '', hash: createHash('sha256'), at: 0 };
    known.set(file, made);
    return made;
  };
  const partOf = (answer: SourceAnswer, position: Position): Part | undefined => {
    const place = readPlace(position.cursor);
    const large = knownOf(answer);
    if (large === undefined) return undefined;
    const at = place?.at ?? 0;
    const end = endOfPart(large.text, at, format, size);
    if (at === 0 && end === large.text.length) return undefined;
    return { large, at, end, place, answer: cutAnswer(answer, large.text, { at, end, format }) };
  };
  return {
    ...whole,
    request: (position) => whole.request(ofPage(position)),
    continues: ({ cursor }) => readPlace(cursor) !== undefined,
    foresee: (answer, position) =>
      readPlace(position.cursor) === undefined ? whole.foresee?.(answer, position) : undefined,
    prepare: async (answer, position) => {
      const cut = position === undefined ? undefined : partOf(answer, position);
      return cut === undefined ? whole.prepare?.(answer, position) : part.prepare?.(cut.answer, position);
    },
    read: (answer, position) => {
      const cut = partOf(answer, position);
      const page = ofPage(position);
      if (cut === undefined) {
        if (readPlace(position.cursor) !== undefined) throw new StartAnew(CHANGED);
        return whole.read(answer, page);
      }
      const { large, at, end, place } = cut;
      if (place !== undefined && hashTo(large, at) !== place.hash) throw new StartAnew(CHANGED);
      const read = part.read({ ...cut.answer, prepared: answer.prepared }, page);
      const chars = end - at;
      if (end === large.text.length) return { ...read, chars };
      return { ...read, chars, next: further(read, { cursor: page.cursor, at: end, hash: hashTo(large, end) }) };
    },
  };
}

/** The position of the page that a part is of. */
function ofPage(position: Position): Position {
  const place = readPlace(position.cursor);
  return place === undefined ? position : { ...position, cursor: place.cursor };
}

interface Part {
  readonly large: Known;
  readonly at: number;
  readonly end: number;
  readonly place: PartPlace | undefined;
  readonly answer: SourceAnswer;
}

const CHANGED = 'an answer that was read in part is another one when it is asked for again';

/** Whether there is a next page shows at the end of the answer. */
const further = ({ next }: PageRead, place: PartPlace): PageRead['next'] => ({
  cursor: writePlace(place),
  total: next.total,
});

/** What the text says itself is not said again by the definition. */
function plain(format: Format): Format {
  const { encoding: _encoding, ...rest } = format;
  return (format.type === 'csv' ? { ...rest, skipLines: 0 } : rest) as Format;
}

function cutAnswer(
  { status, headers, url, receivedAtMs }: SourceAnswer,
  text: string,
  { at, end, format }: { readonly at: number; readonly end: number; readonly format: Format },
): SourceAnswer {
  const { header, rowsAt } = format.type === 'csv' ? headerOf(text, format) : { header: '', rowsAt: 0 };
  const cut = header + text.slice(Math.max(at, rowsAt), end);
  return {
    status,
    headers,
    url,
    text: cut,
    bytes: cut.length,
    ...(receivedAtMs === undefined ? {} : { receivedAtMs }),
  };
}

/** Each character is hashed once as long as the answer is there. */
function hashTo(known: Known, to: number): string {
  if (to < known.at) return createHash('sha256').update(known.text.slice(0, to)).digest('hex');
  known.hash.update(known.text.slice(known.at, to));
  known.at = to;
  return known.hash.copy().digest('hex');
}
