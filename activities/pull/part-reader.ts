import { writeCheckpoint, type Checkpoint, type Part } from '../../core/checkpoint.ts';
import { GiveUp, NotReady, StartAnew } from '../../core/errors.ts';
import { progress } from '../../core/progress.ts';
import { afterPage, begunAnew, checkpointOf, readingOf, withPart, type Reading } from '../../core/reading.ts';
import type { Answer } from '../../core/page.ts';
import type { Partitions } from '../../sources/partitions.ts';
import type { PageContent } from './page-asked.ts';
import { PagesAhead, type Arrived, type PagesAheadDeps } from './pages-ahead.ts';

/** A page that was taken up, in the order of the ledger. */
export interface TakenPage {
  readonly page: PageContent;
  readonly answer: Answer;
  /** Where it was asked for. */
  readonly part: Part;
  readonly pageNo: number;
  /** The run's checkpoint before and after it, as texts. */
  readonly before: string;
  readonly after: string;
}

export interface PartReaderDeps {
  readonly partitions: Partitions;
  readonly hasKey: boolean;
  readonly counted: boolean;
  /** In a row, over all grants of a run: the ledger counts them. */
  readonly emptyPages: number;
  readonly fetch: PagesAheadDeps['fetch'];
  readonly signal: AbortSignal;
  /** The grant has neither requests nor time left, or somebody asks it to stop. */
  readonly mayGoOn: () => boolean;
  /** How many partitions are to be read side by side now. */
  readonly width: () => number;
  /** How many pages may be asked for and not be committed yet, with so many partitions. */
  readonly room: (partitions: number) => number;
  readonly committed: () => number;
  /** The request that was foreseen leaves before its page is read. */
  readonly sendsFirst: () => boolean;
  /** Hands a page on; false: nobody takes it any more. */
  readonly push: (page: TakenPage) => Promise<boolean>;
}

interface Lane {
  part: Part;
  /** Number of the page that it awaits: the ledger's where one partition is read, close to it otherwise. */
  no: number;
  readonly ahead: PagesAhead;
  awaits: boolean;
  /** `resumed`: its cursor is of an earlier grant. `anew`: that one had died, and the first page is awaited. */
  cursor: 'resumed' | 'anew' | 'new';
  /** Its request has left. */
  sent: boolean;
  withdrawn: boolean;
  /** Pages without a record in a row. */
  empty: number;
  /** The partner is at work on its page: it is not asked again in this grant. */
  parked?: NotReady;
}

type Arrival = { readonly lane: Lane } & ({ readonly arrived: Arrived } | { readonly error: unknown });

/** Refused calls in a row, and none that was answered: then it is not the parents. */
const MOST_REFUSED = 10;

const nothing = (): void => {};

/**
 * Reads the partitions of a run side by side. Their pages are taken up one by one, in the order in which they arrive, each with the
 * checkpoint behind it: so the ledger sees one line of pages, and a record that comes twice has the order of its arrival.
 */
export class PartReader {
  readonly #deps: PartReaderDeps;
  readonly #lanes = new Set<Lane>();
  readonly #arrivals: Arrival[] = [];
  readonly #emptyBefore: number;
  #reading: Reading;
  #before: string;
  /** Number of the last page that was taken up. */
  #taken: number;
  #refusedInARow = 0;
  #exhausted = false;
  #failure: { readonly error: unknown } | undefined;
  #wake = nothing;
  /** What woke nobody, since nobody waited yet, must not be slept through: there may be no other commit to come. */
  #hasNews = false;

  constructor(
    deps: PartReaderDeps,
    from: {
      readonly checkpoint: Checkpoint;
      readonly text: string;
      readonly page: number;
      readonly emptyPages: number;
    },
  ) {
    this.#deps = deps;
    this.#reading = readingOf(from.checkpoint);
    this.#before = from.text;
    this.#taken = from.page;
    this.#emptyBefore = from.emptyPages;
  }

  /** Something is committed, or time has passed: what had to wait is looked at again. */
  wake(): void {
    this.#hasNews = true;
    this.#wake();
  }

  /** `nothing`: there is not one partition to read. */
  async read(): Promise<'more' | 'done' | 'nothing'> {
    try {
      for (const part of this.#reading.open) this.#open(part).cursor = part.cursor === null ? 'new' : 'resumed';
      if (this.#lanes.size === 1) for (const lane of this.#lanes) lane.empty = this.#emptyBefore;
      return await this.#readAll();
    } finally {
      for (const { ahead } of this.#lanes) ahead.drop();
    }
  }

  async #readAll(): Promise<'more' | 'done' | 'nothing'> {
    for (;;) {
      this.#hasNews = false;
      if (!this.#isEnding()) await this.#askAll();
      const arrival = this.#arrivals.shift();
      if (arrival !== undefined) {
        if (!(await this.#takeUp(arrival))) return 'more';
        continue;
      }
      if (this.#lanes.size === 0 && this.#exhausted) return this.#reading.begun === null ? 'nothing' : 'done';
      const waiting = this.#waitsForPartner();
      if (waiting !== undefined) throw waiting;
      if (this.#isEnding()) {
        this.#withdrawUnsent();
        if (!this.#awaited().some(({ withdrawn }) => !withdrawn)) {
          if (this.#failure !== undefined) throw this.#failure.error;
          return 'more';
        }
      }
      if (!this.#hasNews) await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #isEnding(): boolean {
    return this.#failure !== undefined || this.#deps.signal.aborted || !this.#deps.mayGoOn();
  }

  /** Nothing is left but what the partner is at work on: what is ready first says how long to wait. */
  #waitsForPartner(): NotReady | undefined {
    const parked = [...this.#lanes].map((lane) => lane.parked);
    if (this.#failure !== undefined || parked.includes(undefined) || !this.#hasRoom(0)) return undefined;
    return (parked as NotReady[]).toSorted((a, b) => Date.parse(a.resumeAt) - Date.parse(b.resumeAt))[0];
  }

  #awaited(): Lane[] {
    return [...this.#lanes].filter(({ awaits }) => awaits);
  }

  #open(part: Part): Lane {
    const { fetch, signal } = this.#deps;
    const ahead: PagesAhead = new PagesAhead({
      fetch,
      signal,
      mayAsk: (pageNo) => this.#hasRoom(pageNo - 1 - lane.no) && !this.#isEnding(),
    });
    // Only one page is the run's first: it may be asked for conditionally.
    const no = this.#taken + 1 + this.#lanes.size;
    const lane: Lane = { part, no, ahead, awaits: false, cursor: 'new', sent: false, withdrawn: false, empty: 0 };
    this.#lanes.add(lane);
    return lane;
  }

  /** Asks wherever it may, and begins partitions as long as there are too few of them. */
  async #askAll(): Promise<void> {
    for (const lane of this.#lanes) if (!lane.awaits && lane.parked === undefined && this.#hasRoom(0)) this.#ask(lane);
    while (!this.#exhausted && this.#lanes.size < this.#deps.width() && this.#hasRoom(0)) {
      const lane = await this.#begin();
      if (lane !== undefined) this.#ask(lane);
    }
  }

  async #begin(): Promise<Lane | undefined> {
    const part = await this.#deps.partitions.next(this.#reading.begun);
    if (part === undefined) {
      this.#exhausted = true;
      return undefined;
    }
    this.#reading = withPart(this.#reading, part);
    return this.#open(part);
  }

  /** `further`: pages that its lane has asked for beyond the one it awaits. */
  #hasRoom(further: number): boolean {
    const inFlight = this.#awaited().length;
    return this.#taken - this.#deps.committed() + inFlight + further < this.#deps.room(Math.max(1, this.#lanes.size));
  }

  #ask(lane: Lane): void {
    lane.sent = false;
    this.#await(
      lane,
      lane.ahead.from(lane.part, lane.no, { onSending: () => (lane.sent = true), resumed: lane.cursor === 'resumed' }),
    );
  }

  #await(lane: Lane, page: Promise<Arrived>): void {
    lane.awaits = true;
    const arrives = (arrival: Arrival): void => {
      this.#arrivals.push(arrival);
      this.#wake();
    };
    page.then(
      (arrived) => arrives({ lane, arrived }),
      (error: unknown) => arrives({ lane, error }),
    );
  }

  /** Who ends does not wait for leave to send what nobody will have. */
  #withdrawUnsent(): void {
    for (const lane of this.#awaited()) {
      if (lane.sent || lane.withdrawn || lane.cursor === 'anew') continue;
      lane.withdrawn = true;
      lane.ahead.drop();
    }
  }

  /** false: nobody takes pages any more. */
  async #takeUp(arrival: Arrival): Promise<boolean> {
    const { lane } = arrival;
    lane.awaits = false;
    if ('error' in arrival) {
      if (arrival.error instanceof StartAnew) this.#startAnew(lane);
      else if (arrival.error instanceof NotReady) lane.parked = arrival.error;
      else if (!lane.withdrawn) this.#failure ??= arrival;
      return true;
    }
    lane.cursor = 'new';
    const { answer, read, foreseen } = arrival.arrived;
    lane.ahead.reads(lane.no);
    // Reading a page keeps the processor busy: where answers are slow, the request for the next one leaves before that.
    // Where permits have to be waited for, it is the other way round.
    if (foreseen !== undefined && this.#deps.sendsFirst()) await foreseen.sent;
    let decided: Decided;
    try {
      decided = this.#decide(lane, read());
    } catch (error) {
      // The page is not taken up. Those of other partitions are, as far as they were asked for.
      if (error instanceof NotReady) lane.parked = error;
      else if (error instanceof StartAnew && this.#mayStartAnew(lane)) this.#startAnew(lane);
      else this.#failure ??= { error };
      return true;
    }
    return this.#goOn(lane, { ...decided, answer, foreseen });
  }

  /**
   * The run stands where it stood until the first page is there: both are committed together. It is asked for at once, or a grant of one
   * request would learn of the dead cursor again and again.
   */
  #startAnew(lane: Lane): void {
    const { part, reading } = begunAnew(this.#reading, lane.part);
    this.#reading = reading;
    lane.ahead.drop();
    Object.assign(lane, { part, cursor: 'anew', empty: 0 });
    this.#ask(lane);
  }

  /** What comes a second time changes nothing only where it has a key. */
  #mayStartAnew({ part: { restarts = 0 } }: Lane): boolean {
    return restarts === 0 && this.#deps.hasKey;
  }

  #decide(lane: Lane, page: PageContent): Decided {
    const { hasKey, counted } = this.#deps;
    this.#refuseEndlessness(lane, page);
    const next = progress(lane.part, { pageNo: this.#taken + 1, ...page }, hasKey);
    const { refused, mark } = page;
    return { page: { ...page, next }, ...afterPage(this.#reading, lane.part, { next, mark, counted, refused }) };
  }

  /** From here on the run stands behind the page: whatever fails now ends the reading, or the page would be missing. */
  async #goOn(lane: Lane, { page, reading, part, answer, foreseen }: Decided & Came): Promise<boolean> {
    const asked = lane.part;
    this.#taken += 1;
    this.#reading = reading;
    const pageNo = this.#taken;
    const isForeseen = foreseen !== undefined && part?.cursor === foreseen.cursor;
    if (foreseen !== undefined && !isForeseen) lane.ahead.drop();
    if (part === undefined) {
      this.#lanes.delete(lane);
      // Whether the run is done shows when no partition follows.
      if (this.#lanes.size === 0) await this.#begin();
    } else {
      lane.part = part;
      lane.no += 1;
      if (isForeseen) this.#await(lane, foreseen.page);
    }
    if (!this.#isEnding()) await this.#askAll();
    const before = this.#before;
    this.#before = writeCheckpoint(checkpointOf(this.#reading));
    return this.#deps.push({ page, answer, part: asked, pageNo, before, after: this.#before });
  }

  /** New cursors for ever, and never a record: some partners filter behind their pages, but not for so long. */
  #refuseEndlessness(lane: Lane, { records, next, refused }: PageContent): void {
    lane.empty = records.length === 0 && next.cursor !== null ? lane.empty + 1 : 0;
    const { emptyPages } = this.#deps;
    if (lane.empty > emptyPages)
      throw new GiveUp(
        `${emptyPages} pages in a row were empty and named a next one: the listing has no end, or needs a higher pagination.emptyPages`,
        { at: { page: lane.no } },
      );
    this.#refusedInARow = refused === undefined ? 0 : this.#refusedInARow + 1;
    if (this.#refusedInARow > MOST_REFUSED)
      throw new GiveUp(
        `${refused}; ${this.#refusedInARow} calls in a row were refused: it is not about single parents`,
      );
  }
}

interface Came extends Pick<Arrived, 'answer'> {
  readonly foreseen: Arrived['foreseen'];
}

interface Decided extends ReturnType<typeof afterPage> {
  readonly page: PageContent;
}
