import { createHash } from 'node:crypto';
import { GiveUp, InvalidInput } from '../../core/errors.ts';
import type { Position } from '../../core/page.ts';
import { isCharset } from '../../core/charset.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { formatOf } from '../../definitions/formats.ts';
import { harmlessHeaders, withoutSecrets } from '../../http/redact.ts';
import type { KnownSecret } from '../../http/known-secrets.ts';
import { isSecretLike } from '../../http/secret-like.ts';
import { encodeText } from '../../recordings/encode-text.ts';
import type { Pseudonyms } from '../../recordings/pseudonyms.ts';
import { ORIGIN, type Exchange, type Recording } from '../../recordings/recording.ts';
import type { Written } from '../../recordings/written.ts';
import { sourceOf } from '../../sources/source-of.ts';
import { openAsker, type Asker, type Asking, type Look } from './asker.ts';
import { firstPosition } from './first-position.ts';
import { openRecorded, recordedTexts, writtenIn, type OpenedAnswer } from './recorded-texts.ts';
import { replacedText } from './replaced-text.ts';

export interface RecordOptions {
  /** Requests of one stream, at most. */
  readonly most: number;
  /** undefined: answers are kept as they came, but for secrets. */
  readonly pseudonyms: (() => Pseudonyms) | undefined;
}

export type Recorder = (stream: CompiledStream) => Promise<Recording>;

/**
 * Reads streams to their end, or for `most` requests, and keeps what came. Nothing is written to any table. Requests take permits, as those of
 * `partners check` do. A child stream is asked for each parent that came.
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
      return await follow(asker, eachPartition(stream, positions), options.most);
    } finally {
      asker.close();
    }
  };
  return async (stream) => {
    if (stream.definition.job !== undefined)
      throw new InvalidInput(
        `${stream.name} orders export jobs, which cannot be recorded; choose others with --stream`,
      );
    const { looks, complete, secrets } = await listing(stream);
    const replaced = options.pseudonyms?.();
    const origin = new URL(stream.partner.baseUrl).origin;
    if (looks.some(({ page }) => page.chars !== undefined))
      throw new InvalidInput(
        `${stream.name}: an answer is so large that it is read in parts, which cannot be recorded; ask for less at once, as with a page size or a later incremental.initial`,
      );
    const opened = await Promise.all(looks.map(async (look) => openRecorded(stream, look.answer)));
    const written = writtenIn(stream, opened);
    const cleaning = { origin, secrets, replaced, written };
    const exchanges = looks.map((look, i) => exchangeOf(stream, { look, opened: opened[i] as OpenedAnswer }, cleaning));
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
  readonly complete: boolean;
  readonly secrets: readonly KnownSecret[];
}

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
  return { looks, complete, secrets: asker.secrets() };
}

const digest = (text: string): string => createHash('sha256').update(text).digest('base64');

/** Headers that say something of a listing or of limits. */
const telling = /^(content-type|link|etag|last-modified|retry-after|(x-)?.*(total|count|page|limit|next|cursor).*)$/;

interface Cleaning {
  readonly origin: string;
  readonly secrets: readonly KnownSecret[];
  readonly replaced: Pseudonyms | undefined;
  readonly written: Written;
}

function exchangeOf(
  stream: CompiledStream,
  { look: { position, answer }, opened }: { readonly look: Look; readonly opened: OpenedAnswer },
  { origin, secrets, replaced, written }: Cleaning,
): Exchange {
  const { method, url, body = null } = sourceOf(stream).request(position);
  const { origin: asked, pathname, searchParams } = new URL(url);
  if (asked !== origin)
    throw new InvalidInput(`${stream.name} asks ${asked}, another host than baseUrl, which cannot be recorded`);
  const clean = (text: string): string => withoutSecrets(text, secrets).replaceAll(origin, ORIGIN);
  const hide = replaced?.replaceText ?? ((text: string) => text);
  const { packed } = opened;
  const texts = recordedTexts(stream, opened, written);
  const hideSecrets = (text: string): string => withoutSecrets(text, secrets);
  const kept = (text: string): string =>
    replacedText(text, { stream, isAnswer: answer.status < 300, replacing: replaced, hideSecrets }).replaceAll(
      origin,
      ORIGIN,
    );
  const all = texts.map(kept);
  const { encoding = 'utf-8' } = formatOf(written.format);
  if (all.some((text) => encodeText(text, encoding) === undefined))
    throw new InvalidInput(`${stream.name}: an answer has what cannot be written in ${encoding}`);
  const headers = Object.entries(harmlessHeaders(answer.headers, secrets)).filter(([name]) => telling.test(name));
  return {
    method,
    path: pathname
      .split('/')
      .map((part) => encoded(part, hide))
      .join('/'),
    query: [...searchParams].filter(([name]) => !isSecretLike(name)).map(([name, value]) => [name, hide(clean(value))]),
    body: body === null ? null : clean(body),
    status: answer.status,
    headers: Object.fromEntries(
      headers.map(([name, value]) => [
        name,
        stream.definition.source === undefined ? inCharset(name, clean(value), written) : clean(value),
      ]),
    ),
    ...(packed === undefined ? { text: all[0] ?? '' } : { text: '', packed, files: all }),
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
