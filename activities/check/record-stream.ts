import { createHash } from 'node:crypto';
import { GiveUp, InvalidInput } from '../../core/errors.ts';
import type { Answer, Position } from '../../core/page.ts';
import { isCharset } from '../../core/charset.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { formatOf } from '../../definitions/formats.ts';
import { harmlessHeaders, withoutSecrets } from '../../http/redact.ts';
import type { KnownSecret } from '../../http/known-secrets.ts';
import { isSecretLike } from '../../http/secret-like.ts';
import { encodeText } from '../../recordings/encode-text.ts';
import type { Pseudonyms } from '../../recordings/pseudonyms.ts';
import { ORIGIN, type Exchange, type Recording } from '../../recordings/recording.ts';
import { tellingHeaders } from '../../recordings/telling-headers.ts';
import { timelessPath } from '../../recordings/timeless-path.ts';
import type { Written } from '../../recordings/written.ts';
import { placeIn } from '../../sources/jobs/job-place.ts';
import { sourceOf } from '../../sources/source-of.ts';
import { followJob, type JobLooks } from './follow-job.ts';
import { fieldsOfJob, jobExchanges, type JobKeeping } from './job-exchanges.ts';
import { openAsker, type Asker, type Asking, type Look } from './asker.ts';
import { firstPosition } from './first-position.ts';
import { openRecorded, recordedTexts, writtenIn, type OpenedAnswer } from './recorded-texts.ts';
import { replacedText } from './replaced-text.ts';

export interface RecordOptions {
  /** Requests of one stream, at most. */
  readonly most: number;
  /** undefined: answers are kept as they came, but for secrets. `kept`: names of fields that are replaced only by what their values look like. */
  readonly pseudonyms: ((kept: readonly string[]) => Pseudonyms) | undefined;
  /** Told once of an export job that is waited for. */
  readonly onWait?: (stream: string, says: string) => void;
}

export type Recorder = (stream: CompiledStream) => Promise<Recording>;

/**
 * Reads streams to their end, or for `most` requests, and keeps what came. Nothing is written to any table. Requests take permits, as those of
 * `partners check` do. Export jobs are ordered under keys of their own. A child stream is asked for each parent that came.
 */
export function openRecorder(asking: Asking & Required<Pick<Asking, 'tokens'>>, options: RecordOptions): Recorder {
  const read = new Map<string, Promise<Listing>>();
  const listing = (stream: CompiledStream): Promise<Listing> => {
    const known = read.get(stream.name) ?? readListing(stream);
    read.set(stream.name, known);
    return known;
  };
  const parent = async (name: string): Promise<Pick<Look, 'received'>> => {
    const stream = asking.streams.get(name);
    if (stream === undefined) throw new GiveUp(`there is no stream ${name}`);
    const { looks } = await listing(stream);
    return { received: looks.flatMap(({ received }) => received) };
  };
  const readListing = async (stream: CompiledStream): Promise<Listing> => {
    const { positions } = await firstPosition(stream, { nowMs: asking.nowMs, parents: parent, most: options.most });
    const asker = openAsker(stream, asking);
    try {
      const of = { positions: eachPartition(stream, positions), most: options.most };
      return await (stream.definition.job === undefined
        ? follow(asker, of.positions, of.most)
        : followJobs(asker, stream, { ...of, onWait: (says) => options.onWait?.(stream.name, says) }));
    } finally {
      asker.close();
    }
  };
  return async (stream) => {
    const { looks, jobs, complete, secrets } = await listing(stream);
    const { job } = stream.definition;
    const replaced = options.pseudonyms?.(job === undefined ? [] : fieldsOfJob(job));
    const origin = new URL(stream.partner.baseUrl).origin;
    if (looks.some(({ page }) => page.chars !== undefined))
      throw new InvalidInput(
        `${stream.name}: an answer is so large that it is read in parts, which cannot be recorded; ask for less at once, as with a page size or a later incremental.initial`,
      );
    const results = looks.filter(({ position }) => job === undefined || placeIn(job, position).step === 'result');
    const opened = new Map<Look, OpenedAnswer>();
    for (const look of results) opened.set(look, await openRecorded(stream, look.answer));
    const written = writtenIn(stream, [...opened.values()]);
    const keeping = keepingOf(stream, { opened, origin, secrets, replaced, written });
    const exchanges =
      job === undefined
        ? looks.map((look) => ({ ...keeping.asked(look.position), ...keeping.result(look) }))
        : jobs.flatMap((each, index) => jobExchanges(stream, each, { index, keeping }));
    return {
      version: 1,
      partner: stream.partner.name,
      stream: stream.name,
      recordedAt: new Date(asking.nowMs).toISOString(),
      basePath: new URL(stream.partner.baseUrl).pathname.replace(/\/$/, ''),
      complete,
      records: new Set(looks.flatMap(({ identities }) => identities.map(digest))).size,
      keyed: stream.keyColumns.length > 0,
      replaced: [...(replaced?.replaced() ?? [])],
      written,
      exchanges,
    };
  };
}

/** A look takes the first of what a source names; a recording has them all. */
const eachPartition = (stream: CompiledStream, positions: readonly [Position, ...Position[]]): readonly Position[] =>
  sourceOf(stream).partitions?.map((named) => ({ ...positions[0], parents: [named] })) ?? positions;

interface Listing {
  readonly looks: readonly Look[];
  /** Those of streams that order export jobs. */
  readonly jobs: readonly JobLooks[];
  readonly complete: boolean;
  readonly secrets: readonly KnownSecret[];
}

async function followJobs(
  asker: Asker,
  stream: CompiledStream,
  {
    positions,
    most,
    onWait,
  }: { readonly positions: readonly Position[]; readonly most: number; readonly onWait: (says: string) => void },
): Promise<Listing> {
  const jobs: JobLooks[] = [];
  for (const position of positions) {
    const left = most - jobs.reduce((sum, { looks }) => sum + looks.length, 0);
    // A job that cannot be read is not ordered.
    if (left < LEAST_OF_JOB) break;
    jobs.push(await followJob(asker, stream, { position, most: left, onWait }));
  }
  return {
    looks: jobs.flatMap(({ looks }) => looks),
    jobs,
    complete: jobs.length === positions.length && jobs.every(({ complete }) => complete),
    secrets: asker.secrets(),
  };
}

/** It is looked for, ordered, asked and read. */
const LEAST_OF_JOB = 4;

async function follow(asker: Asker, positions: readonly Position[], most: number): Promise<Listing> {
  const looks: Look[] = [];
  let complete = true;
  for (const position of positions) {
    let at: Position | undefined = position;
    let beyond = false;
    for (let pageNo = 1; at !== undefined; pageNo++) {
      if (looks.length >= most) {
        complete = false;
        break;
      }
      const look: Look = await asker.ask(at, pageNo, beyond);
      looks.push(look);
      const { cursor, beyond: next = false } = look.page.next;
      beyond = next;
      at = cursor === null ? undefined : { ...position, cursor };
    }
  }
  return { looks, jobs: [], complete, secrets: asker.secrets() };
}

const digest = (text: string): string => createHash('sha256').update(text).digest('base64');

/** Headers that the definition reads, or that say something of a listing or of limits. */
function tellingOf({ definition: { pagination } }: CompiledStream): (name: string) => boolean {
  const read = 'from' in pagination && pagination.from === 'header' ? pagination.token.toLowerCase() : undefined;
  return (name) => name === read || telling.test(name);
}
const telling = /^(content-type|link|etag|last-modified|retry-after|(x-)?.*(total|count|page|limit|next|cursor).*)$/;

interface Cleaning {
  readonly opened: ReadonlyMap<Look, OpenedAnswer>;
  readonly origin: string;
  readonly secrets: readonly KnownSecret[];
  readonly replaced: Pseudonyms | undefined;
  readonly written: Written;
}

function keepingOf(stream: CompiledStream, { opened, origin, secrets, replaced, written }: Cleaning): JobKeeping {
  const hideSecrets = (text: string): string => withoutSecrets(text, secrets);
  const clean = (text: string): string => hideSecrets(text).replaceAll(origin, ORIGIN);
  const hide = replaced?.replaceText ?? ((text: string) => text);
  const kept = (text: string, isAnswer: boolean): string =>
    replacedText(text, { stream, isAnswer, replacing: replaced, hideSecrets }).replaceAll(origin, ORIGIN);
  const { encoding = 'utf-8' } = formatOf(written.format);
  const isTelling = tellingOf(stream);
  const headersOf = (headers: Answer['headers'], put: (name: string, value: string) => string): Exchange['headers'] =>
    Object.fromEntries(
      Object.entries(harmlessHeaders(headers, secrets))
        .filter(([name]) => isTelling(name))
        .map(([name, value]) => [name, put(name, clean(value))]),
    );
  return {
    asked: (position, requestOf = sourceOf(stream).request) => {
      const request = requestOf(position);
      const { method, url, body = null } = request;
      const sent = Object.entries(tellingHeaders(stream, request) ?? {});
      const { origin: asked, searchParams } = new URL(url);
      if (asked !== origin)
        throw new InvalidInput(`${stream.name} asks ${asked}, another host than baseUrl, which cannot be recorded`);
      return {
        method,
        path: timelessPath(requestOf, position)
          .split('/')
          .map((part) => encoded(part, hide))
          .join('/'),
        query: [...searchParams]
          .filter(([name]) => !isSecretLike(name))
          .map(([name, value]) => [name, hide(clean(value))]),
        body: body === null ? null : clean(body),
        ...(sent.length === 0
          ? {}
          : { sent: Object.fromEntries(sent.map(([name, value]) => [name, hide(clean(value))])) }),
      };
    },
    headers: (headers) => headersOf(headers, (_name, value) => value),
    told: (text) => kept(text, false),
    result: (look) => {
      const { answer } = look;
      const of = opened.get(look) as OpenedAnswer;
      const texts = recordedTexts(stream, of, written).map((text) => kept(text, answer.status < 300));
      if (texts.some((text) => encodeText(text, encoding) === undefined))
        throw new InvalidInput(`${stream.name}: an answer has what cannot be written in ${encoding}`);
      return {
        status: answer.status,
        headers: headersOf(answer.headers, (name, value) =>
          stream.definition.source === undefined ? inCharset(name, value, written) : value,
        ),
        ...(of.packed === undefined ? { text: texts[0] ?? '' } : { text: '', packed: of.packed, files: texts }),
      };
    },
  };
}

/** Answers are kept as texts, and played in the charset of the format, or else in UTF-8. */
function inCharset(name: string, value: string, { format }: Written): string {
  if (name !== 'content-type') return value;
  const { encoding = 'utf-8' } = formatOf(format);
  return value.replace(/(;\s*charset\s*=)\s*(.*)/i, (all, before: string, said: string) => {
    const named = said.replaceAll('"', '').trim();
    const isSame = isCharset(named) && new TextDecoder(named).encoding === new TextDecoder(encoding).encoding;
    return isSame ? all : before + encoding;
  });
}

/** A part of a path that was changed is written anew; the others stay as they were sent. */
function encoded(part: string, change: (text: string) => string): string {
  let text: string;
  try {
    text = decodeURIComponent(part);
  } catch {
    return part;
  }
  const changed = change(text);
  return changed === text ? part : encodeURIComponent(changed);
}
