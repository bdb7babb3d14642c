import { explain } from '../../../core/errors.ts';
import type { PageRequest, Position } from '../../../core/page.ts';
import type { CompiledStream } from '../../../definitions/compiled.ts';
import { shapeOf, stepsOf } from '../../../definitions/records.ts';
import { ORIGIN, type Exchange } from '../../../recordings/recording.ts';
import { tellingHeaders } from '../../../recordings/telling-headers.ts';
import { timelessPath } from '../../../recordings/timeless-path.ts';
import { writtenAsJson } from '../../../recordings/written.ts';
import { limitOf } from '../../../sources/declared/template-values.ts';
import { placeIn } from '../../../sources/jobs/job-place.ts';
import { sourceOf } from '../../../sources/source-of.ts';
import { beforeLift } from './before-lift.ts';
import { CannotGenerate } from './cannot-generate.ts';
import type { Checked } from './checked-records.ts';
import { Content } from './formats/content.ts';
import type { StreamWriter } from './formats/stream-writer.ts';
import { jobAnswer } from './job-answers.ts';
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
  {
    records,
    writer,
    token,
  }: { readonly records: readonly Checked[]; readonly writer: StreamWriter; readonly token: string },
): Promise<Exchange[]> {
  const { definition, partner } = stream;
  const { job } = definition;
  const source = sourceOf(stream);
  const { origin } = new URL(partner.baseUrl);
  const steps = stepsOf(shapeOf(definition.records).path);
  const all = records.map(({ sent }) => beforeLift(sent, definition));
  const total = new Set(records.map(({ identity }) => identity)).size;
  const fixed = { pagination: definition.pagination, records: steps, all, total, size: sizeOf(stream, records.length) };
  const files = job?.files === undefined ? 0 : Math.min(all.length, job.files.includes('*') ? FILES : 1);
  const ordered = { token, origin, files, total, hasKey: stream.keyColumns.length > 0 };
  const exchanges: Exchange[] = [];
  let served = 0;
  let pages = 0;
  const answerTo = (at: Position, url: string): Answered => {
    const place = job === undefined ? undefined : placeIn(job, at);
    if (job !== undefined && place !== undefined && place.step !== 'result') return jobAnswer(job, place.step, ordered);
    const { file, cursor } = place?.step === 'result' ? place : { file: undefined, cursor: at.cursor };
    const page =
      file === undefined
        ? pageAnswer({ ...fixed, cursor, served, url })
        : { headers: {}, content: new Content(steps, partOf(all, file, files)).value, records: 0 };
    served += page.records;
    const { contentType, ...written } = writer.page(page.content, pages);
    pages += 1;
    const isFile = file !== undefined;
    return {
      ...written,
      headers: { 'content-type': contentType, ...page.headers },
      ...(job === undefined ? {} : { job: { step: 'result', token, isFile } }),
    };
  };
  for (let at = position; ;) {
    const request = source.request(at);
    const { url } = request;
    const answered = answerTo(at, url);
    exchanges.push({ ...placed(stream, answered, request), path: timelessPath(source.request, at) });
    const answer = await openedAnswer(stream, answered, {
      url,
      written: answered.job === undefined || answered.job.step === 'result' ? writer.written : writtenAsJson,
      compression: source.packed?.(at) === false ? undefined : source.compression,
    });
    const cursor = told(() => {
      let next = source.read(answer, at).next.cursor;
      // A large answer is read part by part.
      while (next !== null && source.continues?.({ ...position, cursor: next }) === true)
        next = source.read(answer, { ...position, cursor: next }).next.cursor;
      return next;
    });
    if (answered.job?.step === 'poll') exchanges.push(...cancelled(stream, source.abandon?.(at), token));
    if (cursor === null) return exchanges;
    if (exchanges.length >= MOST_REQUESTS) throw new CannotGenerate(TOO_MANY);
    at = { ...position, cursor };
  }
}

type Answered = Omit<Exchange, keyof AskedExchange>;

/** Files of a result, where the definition says that there may be several. */
const FILES = 3;

const partOf = <T>(all: readonly T[], file: number, of: number): readonly T[] =>
  all.slice(Math.floor((file * all.length) / of), Math.floor(((file + 1) * all.length) / of));

function placed(
  stream: CompiledStream,
  { headers, text, files, ...answered }: Answered,
  request: PageRequest,
): Exchange {
  const { origin } = new URL(stream.partner.baseUrl);
  const put = (of: string): string => of.replaceAll(origin, ORIGIN);
  return {
    ...askedBy(stream, request),
    ...answered,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, put(value)])),
    text: put(text),
    ...(files === undefined ? {} : { files: files.map(put) }),
  };
}

/** A request as whoever answers it sees it. */
export function askedBy(stream: CompiledStream, request: PageRequest): AskedExchange {
  const { method, url, body } = request;
  const asked = new URL(url);
  const sent = tellingHeaders(stream, request);
  return {
    method,
    path: asked.pathname,
    query: [...asked.searchParams],
    body: body ?? null,
    ...(sent === undefined ? {} : { sent }),
  };
}

type AskedExchange = Pick<Exchange, 'method' | 'path' | 'query' | 'body' | 'sent'>;

/** Whoever ends a job at work is told that it has ended. */
function cancelled(stream: CompiledStream, request: PageRequest | undefined, token: string): Exchange[] {
  return request === undefined
    ? []
    : [placed(stream, { status: 204, headers: {}, text: '', job: { step: 'cancel', token } }, request)];
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
