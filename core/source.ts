import type { LargeBytes } from './large-bytes.ts';
import type { Answer, NextPage, PageRequest, Position } from './page.ts';

/**
 * How a partner is read: which request asks for a page, and what an answer holds. A source does no I/O and keeps no state, so it can
 * be tested with neither a database nor Temporal. What a cursor means is its own affair: everything else passes it on.
 */
export interface Source {
  /** The same request for the same position, always. Throws GiveUp where none can be made. */
  readonly request: (position: Position) => PageRequest;
  /**
   * What the page of that position holds, and where the listing goes on. Throws RetryLater where the answer came broken, GiveUp
   * where it can never be read, NotReady where the partner is at work on it, StartAnew where its partition has to begin anew.
   * Never ends a listing without evidence.
   */
  readonly read: (answer: SourceAnswer, position: Position) => PageRead;
  /**
   * For answers that take long to parse: does that before `read`, with time for other work in between. `read` finds what it
   * returns as `answer.prepared`, and has to do without it as well.
   */
  readonly prepare?: (answer: SourceAnswer, position?: Position) => Promise<unknown>;
  /** The next cursor, as it shows before the page is read; `read` has the last word. undefined: it cannot be told. */
  readonly foresee?: (answer: UnreadAnswer, position: Position) => string | undefined;
  /** Pages are found by counting records: what is deleted meanwhile moves the rest, so the largest stated total is the one to reach. */
  readonly counts?: boolean;
  /** `next.total` may be more than null: the keys that came are counted to compare them with it. */
  readonly statesTotal?: boolean;
  /** How many pages in a row may be empty and name a next one, 1000 if absent: then the listing has no end. */
  readonly emptyPages?: number;
  /** Parts that are read one by one, such as regions or accounts: each request has one of them as the only value of `position.parents`. */
  readonly partitions?: readonly string[];
  /** Bodies are .gz or .zip files: `read` gets what is in them. */
  readonly compression?: Compression;
  /** Where only some bodies are: whether that of this position is. */
  readonly packed?: (position: Position) => boolean;
  /**
   * What the position leads to lives for a short time: a refusal says nothing but that it is over. The position is asked for again, as a
   * resumed one.
   */
  readonly fleeting?: (position: Position) => boolean;
  /** An answer 202 to this position says how far the work is, and is read; elsewhere nothing has come yet, and it is asked again. */
  readonly accepts?: (position: Position) => boolean;
  /** The position leads further into the answer that came for the one before it: as long as that is there, nothing is asked. */
  readonly continues?: (position: Position) => boolean;
  /** Where the answer is a large one, `read` takes it as `answer.large`: it need not fit into the memory. */
  readonly takesLarge?: (position: Position) => boolean;
  /** The request that ends what was begun at the partner for a partition that is not read on; undefined: there is nothing to end. */
  readonly abandon?: (position: Position) => PageRequest | undefined;
}

export interface Compression {
  /** `auto`: by the first bytes of the body, which may be a plain one as well. */
  readonly type: 'gzip' | 'zip' | 'auto';
  /** Names of the files in an archive that are wanted; `*` stands for any characters. All, if left out. */
  readonly files?: string | undefined;
}

/** An answer that came well. */
export interface SourceAnswer extends Pick<Answer, 'status' | 'headers' | 'text' | 'bytes'> {
  /** The URL that was asked, before authorization. */
  readonly url: string;
  /** Our clock when the last byte came, epoch ms. */
  readonly receivedAtMs?: number;
  /** The bytes of the body, or of the files in it where the source has a `compression`. Left out: the text is all there is. */
  readonly files?: readonly Buffer[];
  /**
   * Instead of `files`, to a source that `takesLarge`: at least one of them is too large for the memory. The text of the answer is all of it.
   */
  readonly large?: readonly LargeBytes[];
  /** What the source's `prepare` returned. */
  readonly prepared?: unknown;
}

export interface UnreadAnswer extends SourceAnswer {
  /** Of a large body its beginning and its end. */
  readonly outline?: string | undefined;
}

export interface PageRead {
  /** In the order of the page. */
  readonly records: readonly unknown[];
  readonly next: NextPage;
  /** It has as many records as were asked for. */
  readonly full?: boolean;
  /** Characters of the answer that it was made of; left out: all of them. */
  readonly chars?: number;
  /**
   * Dotted path of the array of the records in a JSON text, `''` for the text itself: their exact texts are kept. Left out: the
   * records were made from the answer, and are kept as JSON.
   */
  readonly exactAt?: string;
  /** One JSON text for each record: what is kept of it, instead of what JSON.stringify would write. */
  readonly texts?: readonly string[];
  /** By the index of a record, why it is malformed: it goes into quarantine. The reason holds none of its values. */
  readonly faults?: ReadonlyMap<number, string>;
}
