import { explain, GiveUp } from '../../core/errors.ts';
import type { Position } from '../../core/page.ts';
import type { TokenStore } from '../../core/token-store.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { Partner } from '../../definitions/definition.ts';
import { createMemoryTokenStore } from '../../http/token-store.ts';
import { openAsker, type Asker, type Asking, type Look } from './asker.ts';
import { checkOrder } from './check-order.ts';
import { checkRecords } from './check-records.ts';
import { checkPaths } from './check-paths.ts';
import { comparePages, repeatedBy } from './compare-pages.ts';
import { failedRequest } from './failed-request.ts';
import { doubtful, none, together, unverified, type Findings } from './findings.ts';
import { firstPosition } from './first-position.ts';
import { NoPermit } from './no-permit.ts';
import { noSample, sampleOf, type Sample } from './sample.ts';
import { compareParents } from './share-keys.ts';
import { tryBound, type TriedBound } from './try-bound.ts';

export interface CheckedStream extends Sample, Findings, Pick<TriedBound, 'bound'> {
  readonly stream: string;
  /** Method and path of the first one, without the values of its query; null when nothing is asked. */
  readonly request: string | null;
  /** That were sent for it, those for tokens and parents too. */
  readonly requests: number;
}

export interface FailedCheck {
  readonly stream: string;
  /** null when not even the request could be made. */
  readonly request: string | null;
  readonly requests: number;
  readonly error: string;
  /** The limits had no room: nothing was asked. */
  readonly deferred: boolean;
}

export type Check = (stream: CompiledStream) => Promise<CheckedStream | FailedCheck>;

/**
 * Asks streams for up to three pages, once by time and once for a second parent, and says what came. Nothing is written. A page of a stream that
 * is the parent of others is asked for once.
 */
export function openCheck(given: Asking): Check {
  const asking = { ...given, tokens: given.tokens ?? inMemory() };
  const firstPages = new Map<string, Promise<Look>>();
  const ask = async (stream: CompiledStream, asker: Asker, told: (request: string) => void): Promise<Begun> => {
    const { positions, findings } = await firstPosition(stream, {
      nowMs: asking.nowMs,
      parents: (name) => parent(name, asker),
    });
    told(asker.describe(positions[0]));
    const { look, refused, others } = await firstAnswered(asker, positions);
    return { look, others, findings: together([findings, refused]) };
  };
  const parent = (name: string, child: Asker): Promise<Look> => {
    const stream = asking.streams.get(name);
    if (stream === undefined) throw new GiveUp(`there is no stream ${name}`);
    const known = firstPages.get(name);
    if (known !== undefined) return known;
    const asker = openAsker(stream, asking);
    const page = ask(stream, asker, () => {})
      .then(({ look }) => look)
      .finally(() => {
        child.count(asker.requests());
        asker.close();
      });
    firstPages.set(name, page);
    return page;
  };
  return async (stream) => {
    if (stream.definition.job !== undefined) return orders(stream);
    let request: string | null = null;
    const asker = openAsker(stream, asking);
    try {
      const begun = await ask(stream, asker, (text) => (request = text));
      firstPages.set(stream.name, Promise.resolve(begun.look));
      const checked = await furtherOf(stream, asker, { ...begun, nowMs: asking.nowMs });
      return { stream: stream.name, request, requests: asker.requests(), ...checked };
    } catch (error) {
      return {
        stream: stream.name,
        request,
        requests: asker.requests(),
        error: explain(error),
        deferred: error instanceof NoPermit,
      };
    } finally {
      asker.close();
    }
  };
}

/** An order costs the partner work, and perhaps one of a few that it allows. */
const orders = (stream: CompiledStream): CheckedStream => ({
  ...noSample(stream),
  ...unverified('job', 'it orders an export job, which only a sync does: nothing was asked'),
  stream: stream.name,
  request: null,
  requests: 0,
  bound: null,
});

/** One for each `auth`: a partner need not be logged in to for each stream. */
function inMemory(): (partner: Partner) => TokenStore {
  const stores = new Map<Partner, TokenStore>();
  return (partner) => {
    const store = stores.get(partner) ?? createMemoryTokenStore();
    stores.set(partner, store);
    return store;
  };
}

interface Begun {
  readonly look: Look;
  /** Of other parents, which were not asked for. */
  readonly others: readonly Position[];
  readonly findings: Findings;
}

/** A parent may be gone or forbidden: then another one is tried. */
async function firstAnswered(
  asker: Asker,
  positions: readonly [Position, ...Position[]],
): Promise<Pick<Begun, 'look' | 'others'> & { readonly refused: Findings }> {
  let said: string | undefined;
  for (const [i, position] of positions.entries()) {
    const look = await asker.ask(position, 1);
    const refused = said === undefined ? none : doubtful('parent-refused', `a parent was refused: ${said}`);
    if (look.page.refused === undefined) return { look, refused, others: positions.slice(i + 1) };
    said ??= look.page.refused;
  }
  throw new GiveUp(positions.length === 1 ? `${said}` : `${said}; so it was with ${positions.length} parents`);
}

type Further = Omit<CheckedStream, 'stream' | 'request' | 'requests'>;

async function furtherOf(
  stream: CompiledStream,
  asker: Asker,
  { look: first, others, findings, nowMs }: Begun & { readonly nowMs: number },
): Promise<Further> {
  const { looks, broke } = await follow(asker, first);
  const shared = await compareParents(stream, asker, { look: first, others });
  const { bound, findings: tried } = await tryBound(stream, asker, { looks, nowMs });
  return {
    ...sampleOf(stream, looks),
    bound,
    ...together([
      findings,
      comparePages(stream, looks, broke !== undefined),
      broke ?? none,
      checkPaths(stream, looks),
      checkRecords(stream, looks),
      shared,
      checkOrder(stream, looks),
      tried,
    ]),
  };
}

/** Enough to see pages follow each other, and the end of a short listing. */
const MOST_PAGES = 3;

interface Followed {
  readonly looks: readonly [Look, ...Look[]];
  /** Why there is not one more. */
  readonly broke?: Findings;
}

async function follow(asker: Asker, first: Look): Promise<Followed> {
  const looks: [Look, ...Look[]] = [first];
  for (let last = first; looks.length < MOST_PAGES; looks.push(last)) {
    const { cursor, beyond = false } = last.page.next;
    if (cursor === null || repeatedBy(looks, looks.length - 1) !== -1) break;
    const pageNo = looks.length + 1;
    try {
      last = await asker.ask({ ...first.position, cursor }, pageNo, beyond);
    } catch (error) {
      const about = looks.length === 1 ? 'pagination' : 'end';
      return { looks, broke: failedRequest(error, { about, code: 'next-page-failed', what: `page ${pageNo}` }) };
    }
  }
  return { looks };
}
