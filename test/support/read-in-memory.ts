import { fetchPage } from '../../activities/pull/fetch-page.ts';
import type { FetchDeps } from '../../activities/pull/send-one.ts';
import { PartReader, type TakenPage } from '../../activities/pull/part-reader.ts';
import { readCheckpoint, start, writeCheckpoint } from '../../core/checkpoint.ts';
import { noCounts } from '../../core/counts.ts';
import { GiveUp, RetryLater } from '../../core/errors.ts';
import { noFailpoint } from '../../core/failpoint.ts';
import type { Outcome } from '../../core/names.ts';
import { outcomeOf } from '../../core/outcome.ts';
import type { Answer, PageRequest } from '../../core/page.ts';
import { pageKey } from '../../core/page-key.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { partitions } from '../../sources/partitions.ts';
import { sourceOf } from '../../sources/source-of.ts';

export interface MemoryAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** What a listing left, read with neither HTTP nor a database: by the source, the reader and the judgement of the product. */
export interface ReadInMemory {
  readonly outcome: Outcome;
  readonly reasons: readonly string[];
  /** Ids in the order in which they came. */
  readonly ids: readonly number[];
  readonly requests: number;
}

/** Further requests say that the listing has no end. */
const MOST_REQUESTS = 3000;
/** Fewer than in earnest, for speed. */
const MOST_EMPTY = 50;
/** A call that fails for a while is tried so often. */
const MOST_ATTEMPTS = 3;

const nothing = (): void => {};
const noLimiter: FetchDeps['limiter'] = {
  ask: async () => ({ granted: true, release: async () => {} }),
  block: async () => new Date(0).toISOString(),
};
const noAuthorizer: FetchDeps['authorizer'] = {
  authorize: async (request) => request,
  refresh: async () => false,
  canRefresh: false,
  secrets: async () => [],
};

/** Reads a stream of records with a numeric `id`, grant after grant of so many requests, as the pull activity does. */
export async function readInMemory(
  stream: CompiledStream,
  answer: (request: PageRequest) => MemoryAnswer,
  { grantRequests }: { readonly grantRequests: number },
): Promise<ReadInMemory> {
  const pages: TakenPage[] = [];
  const keys = new Set<string>();
  const asked = { requests: 0 };
  let at = writeCheckpoint(start);
  let attempts = 0;
  try {
    for (;;) {
      const from = { at, pages, keys, granted: asked.requests + grantRequests };
      const read = await oneGrant(stream, answerWith(answer, asked), { ...from, asked }).catch((error: unknown) => {
        attempts += 1;
        if (!(error instanceof RetryLater) || attempts >= MOST_ATTEMPTS) throw error;
        return 'more' as const;
      });
      if (pages.length > 0) at = (pages.at(-1) as TakenPage).after;
      if (read !== 'more') break;
      if (asked.requests > MOST_REQUESTS) throw new GiveUp('the listing has no end');
    }
  } catch (error) {
    if (!(error instanceof GiveUp || error instanceof RetryLater)) throw error;
    return { outcome: 'failed', reasons: [error.message], ids: pages.flatMap(idsOf), requests: asked.requests };
  }
  return { ...judged(stream, pages, at), ids: pages.flatMap(idsOf), requests: asked.requests };
}

const idsOf = ({ page }: TakenPage): number[] => page.records.map((record) => (record as { id: number }).id);

function answerWith(answer: (request: PageRequest) => MemoryAnswer, asked: { requests: number }): FetchDeps['client'] {
  return {
    close: nothing,
    send: async (request) => {
      asked.requests += 1;
      const { status = 200, headers = {}, body } = answer(request);
      const text = JSON.stringify(body);
      const of: Answer = {
        status,
        headers,
        text,
        body: Buffer.from(text),
        ascii: true,
        bytes: text.length,
        durationMs: 1,
        receivedAtMs: 0,
        requestId: undefined,
      };
      return of;
    },
  };
}

interface Grant {
  readonly at: string;
  /** Those that were taken, and that come on top. */
  readonly pages: TakenPage[];
  readonly keys: Set<string>;
  readonly asked: { readonly requests: number };
  /** So many requests may have been made at its end. */
  readonly granted: number;
}

async function oneGrant(
  stream: CompiledStream,
  client: FetchDeps['client'],
  { at, pages, keys, asked, granted }: Grant,
): Promise<'more' | 'done' | 'nothing'> {
  const { counts = false } = sourceOf(stream);
  const { signal } = new AbortController();
  const deps: Omit<FetchDeps, 'signal'> = {
    client,
    authorizer: noAuthorizer,
    limiter: noLimiter,
    failpoint: noFailpoint,
    now: () => 0,
    throttledBackoffMs: () => 0,
    onRequest: nothing,
  };
  const reader = new PartReader(
    {
      partitions: partitions({ slices: 1, parents: undefined }),
      hasKey: stream.keyColumns.length > 0,
      counted: counts,
      emptyPages: MOST_EMPTY,
      fetch: ({ at: part, pageNo, resumed, ...how }) =>
        fetchPage(
          { ...deps, ...how },
          {
            stream,
            pageNo,
            known: null,
            beyond: part.beyond === true,
            resumed,
            restarts: part.restarts ?? 0,
            position: { cursor: part.cursor, parents: part.parents, range: null },
          },
        ),
      signal,
      mayGoOn: () => asked.requests < granted,
      width: () => 1,
      room: () => 16,
      committed: () => pages.length,
      sendsFirst: () => false,
      push: async (page) => {
        const key = keyOf(stream, page);
        if (keys.has(key)) throw new GiveUp("the partner's pages go round in a circle");
        keys.add(key);
        pages.push(page);
        return true;
      },
    },
    { checkpoint: readCheckpoint(at), text: at, page: pages.length, emptyPages: emptyAtEnd(pages) },
  );
  return reader.read();
}

/** As the ledger tells that a page came before. */
const keyOf = ({ name, definitionVersion }: CompiledStream, { part }: TakenPage): string =>
  pageKey({ syncId: 's', stream: name, definitionVersion, ...part });

const emptyAtEnd = (pages: readonly TakenPage[]): number =>
  pages.length - 1 - pages.findLastIndex(({ page }) => page.records.length > 0 || page.next.cursor === null);

function judged(
  stream: CompiledStream,
  pages: readonly TakenPage[],
  at: string,
): Pick<ReadInMemory, 'outcome' | 'reasons'> {
  const { expected, doubt, refused } = readCheckpoint(at);
  const ids = pages.flatMap(idsOf);
  const anew = pages.findLastIndex(({ part }) => part.restarts !== undefined && part.cursor === null);
  const distinct = new Set(pages.slice(Math.max(0, anew)).flatMap(idsOf)).size;
  const fetched = ids.length;
  const inserted = new Set(ids).size;
  return outcomeOf({
    counts: { ...noCounts, fetched, inserted, unchanged: fetched - inserted },
    errorBudget: stream.definition.errorBudget,
    partnerTotal: expected,
    distinct: expected === null ? null : distinct,
    doubt,
    refused,
    fullListing: true,
    lastFetched: null,
    skipped: pages.filter(({ page }) => page.skipped).length,
    pages: pages.length,
    notModified: false,
  });
}
