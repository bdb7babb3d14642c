import type { StagedPage, Writer } from '../../core/staged.ts';
import type { UncountedRequests } from '../../store/ledger/ledger.ts';

/** Counts a grant's requests and hands each of them to the ledger once: with a commit, or at the grant's end. */
export class RequestTally {
  readonly #writer: Writer;
  #made = 0;
  #handedOver = 0;
  #unsure: UncountedRequests['unsure'] = [];

  constructor(writer: Writer) {
    this.#writer = writer;
  }

  get made(): number {
    return this.#made;
  }

  /** A request leaves. */
  count(): void {
    this.#made += 1;
  }

  /** How many requests the commit of these pages is to count. Until `committed`, nobody knows whether it did. */
  forCommit(pages: readonly StagedPage[]): number {
    const requests = this.#take();
    const last = pages.at(-1);
    if (last !== undefined)
      this.#unsure = [...this.#unsure, { pageKey: last.pageKey, fetchedAt: last.fetchedAt, requests }];
    return requests;
  }

  /** The last commit went through. If it took no record, its pages may have been in the ledger, and then it counted nothing. */
  committed(fetched: number): void {
    if (fetched > 0) this.#unsure = this.#unsure.slice(0, -1);
  }

  /** What no commit has counted, once: undefined when asked again. */
  rest(): UncountedRequests | undefined {
    const unsure = this.#unsure.filter(({ requests }) => requests > 0);
    const rest = { requests: this.#take(), unsure, writer: this.#writer };
    this.#unsure = [];
    return rest.requests === 0 && rest.unsure.length === 0 ? undefined : rest;
  }

  #take(): number {
    const requests = this.#made - this.#handedOver;
    this.#handedOver = this.#made;
    return requests;
  }
}
