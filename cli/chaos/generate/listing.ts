import { explain } from '../../../core/errors.ts';
import type { Position } from '../../../core/page.ts';
import type { CompiledStream } from '../../../definitions/compiled.ts';
import { shapeOf, stepsOf } from '../../../definitions/records.ts';
import { ORIGIN, type Exchange } from '../../../recordings/recording.ts';
import { limitOf } from '../../../sources/declared/template-values.ts';
import { sourceOf } from '../../../sources/source-of.ts';
import { beforeLift } from './before-lift.ts';
import { CannotGenerate } from './cannot-generate.ts';
import type { Checked } from './checked-records.ts';
import type { StreamWriter } from './formats/stream-writer.ts';
import { openedAnswer } from './opened-answer.ts';
import { pageAnswer } from './page-answer.ts';

/** A rehearsal with more of them takes too long. */
export const MOST_REQUESTS = 400;
export const TOO_MANY = `reading it takes more than ${MOST_REQUESTS} requests; choose fewer records with --records`;
/** Pages of a listing, where the definition does not say how large they are. */
const PAGES = 4;

/** The requests that read a listing, as the definition makes them, and the answers of a partner that does what it says. */
export async function exchangesOf(
  stream: CompiledStream,
  position: Position,
  { records, writer }: { readonly records: readonly Checked[]; readonly writer: StreamWriter },
): Promise<Exchange[]> {
  const { definition, partner } = stream;
  const source = sourceOf(stream);
  const { origin } = new URL(partner.baseUrl);
  const fixed = {
    pagination: definition.pagination,
    records: stepsOf(shapeOf(definition.records).path),
    all: records.map(({ sent }) => beforeLift(sent, definition)),
    total: new Set(records.map(({ identity }) => identity)).size,
    size: sizeOf(stream, records.length),
  };
  const exchanges: Exchange[] = [];
  let served = 0;
  for (let at = position; ;) {
    const { method, url, body = null } = source.request(at);
    const page = pageAnswer({ ...fixed, cursor: at.cursor, served, url });
    served += page.records;
    const asked = new URL(url);
    const placed = (text: string): string => text.replaceAll(origin, ORIGIN);
    const { contentType, ...content } = writer.page(page.content, exchanges.length);
    const headers = { 'content-type': contentType, ...page.headers };
    exchanges.push({
      method,
      path: asked.pathname,
      query: [...asked.searchParams],
      body,
      ...content,
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, placed(value)])),
      text: placed(content.text),
      ...(content.files === undefined ? {} : { files: content.files.map(placed) }),
    });
    const answer = await openedAnswer(
      stream,
      { ...content, headers },
      { url, written: writer.written, compression: source.compression },
    );
    const cursor = told(() => {
      let next = source.read(answer, at).next.cursor;
      // A large answer is read part by part.
      while (next !== null && source.continues?.({ ...position, cursor: next }) === true)
        next = source.read(answer, { ...position, cursor: next }).next.cursor;
      return next;
    });
    if (cursor === null) return exchanges;
    if (exchanges.length >= MOST_REQUESTS) throw new CannotGenerate(TOO_MANY);
    at = { ...position, cursor };
  }
}

function sizeOf({ definition, partner }: CompiledStream, count: number): number {
  const { pagination } = definition;
  if (pagination.type === 'none') return Math.max(1, count);
  const limit = limitOf(definition, partner.limits) ?? Infinity;
  // A page that is not full ends such a listing.
  if ('stopOnShort' in pagination && pagination.stopOnShort) return limit;
  return Math.min(limit, Math.max(1, Math.ceil(count / PAGES)));
}

function told<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new CannotGenerate(`its own definition does not read the answer (${explain(error)})`, { cause: error });
  }
}
