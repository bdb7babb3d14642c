import { GiveUp, NoRecords, NotReady, RetryLater, StartAnew, type Coordinates } from '../../core/errors.ts';
import type { Answer, PageRequest } from '../../core/page.ts';
import { hashToUuid } from '../../core/page-key.ts';
import { pageMark } from '../../core/page-mark.ts';
import type { UnreadAnswer } from '../../core/source.ts';
import type { Validators } from '../../core/staged.ts';
import { sliceable, type LargeBytes, type OpenBytes } from '../../core/large-bytes.ts';
import type { KnownSecret } from '../../http/known-secrets.ts';
import { openFiles, openSpooled } from '../../http/open-files.ts';
import { withoutSecrets } from '../../http/redact.ts';
import { storeCursor } from '../../http/store-cursor.ts';
import { sourceOf } from '../../sources/source-of.ts';
import { nothing, where, type PageAsked, type PageContent } from './page-asked.ts';
import type { Answered } from './send-one.ts';

/** An answer whose files, if its body is an archive, are unpacked. */
export interface Opened extends Answered {
  readonly files: readonly (Buffer | OpenBytes)[];
  /** What the source made of it beforehand. */
  readonly prepared?: unknown;
}

export async function openedFor(
  asked: PageAsked,
  request: PageRequest,
  answered: Answered,
  at: Coordinates,
): Promise<Opened> {
  const { stream, position } = asked;
  const { answer, secrets } = answered;
  const { compression, packed, takesLarge } = sourceOf(stream);
  const isPacked = compression !== undefined && answer.bytes > 0 && packed?.(position) !== false;
  const { maxBytes } = stream.partner;
  const body = answer.large ?? answer.body;
  let files: Opened['files'] = [body];
  try {
    if (isPacked)
      files =
        takesLarge?.(position) === true
          ? await openSpooled(body, compression, maxBytes)
          : await openFiles(answer.body, compression, maxBytes);
  } catch (error) {
    return placed(at, secrets, () => {
      throw error;
    });
  }
  return preparedFor(asked, request, { ...answered, files }, at);
}

/** Of an answer that is read part by part, each part is prepared when its turn comes. */
export async function preparedFor(
  { stream, position }: PageAsked,
  request: PageRequest,
  opened: Opened,
  at: Coordinates,
): Promise<Opened> {
  const { prepare } = sourceOf(stream);
  if (prepare === undefined) return opened;
  try {
    return { ...opened, prepared: await prepare(forSource(opened, request), position) };
  } catch (error) {
    return placed(at, opened.secrets, () => {
      throw error;
    });
  }
}

/** What was asked at first, and at last if the partner redirected it. */
export interface Requests {
  readonly first: PageRequest;
  readonly last: PageRequest;
}

export function readPage(
  asked: PageAsked,
  { first, last: request }: Requests,
  answered: Opened,
  at: Coordinates,
): PageContent {
  const { stream, position } = asked;
  const { answer, headers, secrets } = answered;
  const validators = validatorsOf(asked, first, headers);
  if (
    answer.status === 304 &&
    request.headers['if-none-match'] === undefined &&
    request.headers['if-modified-since'] === undefined
  )
    throw new RetryLater(`${where(at)}: answered 304 to a request that was not conditional`, { at });
  const page = placed(at, secrets, () => sourceOf(stream).read(forSource(answered, request), position));
  const { next, full = false, exactAt } = page;
  const further = next.cursor !== null && sourceOf(stream).continues?.({ ...position, cursor: next.cursor }) === true;
  const stored = {
    ...next,
    cursor: next.cursor === null ? null : storeCursor(next.cursor, secrets),
    ...(next.keep === undefined ? {} : { keep: storeCursor(next.keep, secrets) }),
  };
  return { ...page, next: stored, mark: pageMark(page.records), full, exactAt, further, skipped: false, validators };
}

/** A rule says that the listing has ended: what an answer that came well holds beside that is taken all the same. */
export function readLast(asked: PageAsked, requests: Requests, answered: Opened, at: Coordinates): PageContent {
  const { status, text } = answered.answer;
  const empty: PageContent = { ...nothing, skipped: false, validators: null };
  if (status > 299 || status === 204) return empty;
  try {
    const page = readPage(asked, requests, answered, at);
    return { ...page, next: { ...page.next, cursor: null } };
  } catch (error) {
    // What is JSON and broke off may be a page; a line of text that the rule knows is none.
    if (error instanceof NoRecords || (error instanceof RetryLater && !/^\s*[[{]/.test(text))) return empty;
    throw error;
  }
}

/** The text of a large answer is decoded when somebody asks for it: a copy would do that at once. */
const forSource = ({ answer, files, prepared }: Opened, { url }: PageRequest): UnreadAnswer => ({
  status: answer.status,
  headers: answer.headers,
  bytes: answer.bytes,
  receivedAtMs: answer.receivedAtMs,
  url,
  get outline() {
    return answer.outline;
  },
  get text() {
    if (answer.noText !== undefined) throw new RetryLater(answer.noText);
    return answer.text;
  },
  ...(files.every((file) => Buffer.isBuffer(file)) ? { files } : { large: files.map(sliced) }),
  prepared,
});

const slices = new WeakMap<Buffer, LargeBytes>();

/** The same for the same bytes, so that what is known of them is found again. */
function sliced(file: Buffer | OpenBytes): LargeBytes {
  if (!Buffer.isBuffer(file)) return file;
  const known = slices.get(file) ?? sliceable(file);
  slices.set(file, known);
  return known;
}

/** A source does not know which page it reads, and its words may hold names that the partner made of our secrets. */
export function placed<T>(at: Coordinates, secrets: readonly KnownSecret[], work: () => T): T {
  try {
    return work();
  } catch (error) {
    const message = error instanceof Error ? `${where(at)}: ${withoutSecrets(error.message, secrets)}` : '';
    if (error instanceof StartAnew) throw new StartAnew(message, { at });
    if (error instanceof GiveUp) throw new GiveUp(message, { at });
    if (error instanceof NotReady) throw new NotReady(message, { at, resumeAt: error.resumeAt });
    const Kind = error instanceof NoRecords ? NoRecords : RetryLater;
    if (error instanceof RetryLater)
      throw new Kind(message, { at, ...(error.afterMs === undefined ? {} : { afterMs: error.afterMs }) });
    throw error;
  }
}

export function foreseen({ stream, position }: PageAsked, request: PageRequest, answered: Opened): string | undefined {
  const { secrets } = answered;
  const cursor = sourceOf(stream).foresee?.(forSource(answered, request), position);
  return cursor === undefined ? undefined : storeCursor(cursor, secrets);
}

/** Only a stream's very first page is asked conditionally: what follows it stands and falls with it. */
const isConditional = ({ stream, pageNo }: PageAsked): boolean => stream.definition.conditional && pageNo === 1;

export function withValidators(request: PageRequest, asked: PageAsked): PageRequest {
  const { known } = asked;
  if (!isConditional(asked) || known === null || known.urlHash !== hashToUuid(request.url)) return request;
  return {
    ...request,
    headers: {
      ...request.headers,
      ...(known.etag === null ? {} : { 'if-none-match': known.etag }),
      ...(known.lastModified === null ? {} : { 'if-modified-since': known.lastModified }),
    },
  };
}

function validatorsOf(asked: PageAsked, request: PageRequest, headers: Answer['headers']): Validators | null {
  if (!isConditional(asked)) return null;
  const etag = headers.etag ?? null;
  const lastModified = headers['last-modified'] ?? null;
  return etag === null && lastModified === null ? null : { urlHash: hashToUuid(request.url), etag, lastModified };
}
