import { setImmediate } from 'node:timers/promises';
import type { Part } from '../../core/checkpoint.ts';
import type { FetchedPage } from './page-asked.ts';

/** A page that came, and what was asked for on the strength of it. */
export interface Arrived extends Pick<FetchedPage, 'answer' | 'read'> {
  readonly foreseen?: {
    readonly cursor: string;
    readonly page: Promise<Arrived>;
    /** Resolves when its request has left, or failed to. */
    readonly sent: Promise<void>;
  };
}

export interface PagesAheadDeps {
  readonly fetch: (asked: {
    readonly at: Part;
    readonly pageNo: number;
    /** Its cursor is of an earlier grant. */
    readonly resumed: boolean;
    readonly signal: AbortSignal;
    readonly onSending: () => void;
  }) => Promise<FetchedPage>;
  /** Whether the request for that page may go out before the ones before it are read. */
  readonly mayAsk: (pageNo: number) => boolean;
  readonly signal: AbortSignal;
}

/**
 * Pages that came and are not read yet, where the next one was foreseen: on a busy machine reading falls behind, and the
 * partner's answers need not wait for it. A cursor that was foreseen wrongly costs that many requests at the most.
 */
const AHEAD = { pages: 4, bytesOfAPage: 1024 * 1024 };

const nothing = (): void => {};

/** Asks for a page and, as soon as it is there, for the one it names, and so on: nothing waits for the reading. */
export class PagesAhead {
  readonly #deps: PagesAheadDeps;
  #chain = new AbortController();
  #reading = 0;

  constructor(deps: PagesAheadDeps) {
    this.#deps = deps;
  }

  from(at: Part, pageNo: number, { onSending = nothing, resumed = false } = {}): Promise<Arrived> {
    return this.#ask({ at, pageNo, resumed, onSending }, AbortSignal.any([this.#deps.signal, this.#chain.signal]));
  }

  /** It is that page's turn to be read. */
  reads(pageNo: number): void {
    this.#reading = pageNo;
  }

  /** What was foreseen is not wanted: its requests are withdrawn, and it leads to no more of them. */
  drop(): void {
    this.#chain.abort();
    this.#chain = new AbortController();
  }

  async #ask(
    asked: Pick<Parameters<PagesAheadDeps['fetch']>[0], 'at' | 'pageNo' | 'resumed' | 'onSending'>,
    signal: AbortSignal,
  ): Promise<Arrived> {
    const { answer, foreseen: cursor, read } = await this.#deps.fetch({ ...asked, signal });
    const pageNo = asked.pageNo + 1;
    if (cursor === undefined || signal.aborted || !this.#mayAsk(pageNo, answer.bytes)) return { answer, read };
    let onSending = nothing;
    const sent = new Promise<void>((resolve) => (onSending = resolve));
    const page = this.#ask({ at: { ...asked.at, cursor }, pageNo, resumed: false, onSending }, signal);
    page.catch(onSending);
    return { answer, read, foreseen: { cursor, page, sent: sent.then(() => setImmediate()) } };
  }

  #mayAsk(pageNo: number, bytes: number): boolean {
    const most = bytes <= AHEAD.bytesOfAPage ? AHEAD.pages : 1;
    return pageNo - this.#reading <= most && this.#deps.mayAsk(pageNo);
  }
}
