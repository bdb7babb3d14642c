import type { OpenBytes } from './large-bytes.ts';

/** The words of one page: what is asked, what came back, where the stream stands. */

/** What one request of a stream depends on besides its definition. */
export interface Position {
  /** Opaque to everyone but the paginator: token, next URL, offset, page number. `null` is the first page. */
  readonly cursor: string | null;
  /** The slice of time to read, ISO times with zone, `[from, to)`; null for streams without `incremental`, and for all there is. */
  readonly range: TimeRange | null;
  /** Values of the parent stream's field that go into this call; empty for streams without a parent. */
  readonly parents: readonly string[];
  /**
   * Names the work: the same text for every request of a partition in a run, whoever makes it and however often. For calls that
   * change something, as `Idempotency-Key`. undefined: nothing is to be changed now.
   */
  readonly key?: string;
  /** The cursor was stored by an earlier grant: what it led to may be gone, and what it asked for may have happened. */
  readonly resumed?: boolean;
}

export interface TimeRange {
  readonly from: string;
  readonly to: string;
}

/** Those of streams read: a POST or PUT that asks for records changes nothing. Those of export jobs may change something. */
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A request before authorization. `url` is absolute and carries its query. */
export interface PageRequest {
  readonly method: Method;
  readonly url: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** The exact text, or undefined. */
  readonly body: string | undefined;
  /** It changes something at the partner: it is sent over a new connection, so that it is not sent twice unawares. */
  readonly changes?: boolean;
  /** It goes to a host that is not the partner's: without credentials. */
  readonly foreign?: boolean;
  /** Hosts it may be redirected to, without credentials. */
  readonly hosts?: readonly string[];
}

/** An answer of any status, read to its end. */
export interface Answer {
  readonly status: number;
  /** Lower-case names; repeated fields joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** Why the body is no text: then `text` is ''. */
  readonly noText?: string;
  /** The bytes, without their Content-Encoding; none where they are `large`. */
  readonly body: Buffer;
  /** The bytes, where they are too many for the memory and the one who asked takes them so. */
  readonly large?: OpenBytes;
  /** Of a large body its beginning and its end, at no cost; else the text. */
  readonly outline?: string;
  /** The text is. */
  readonly ascii: boolean;
  readonly bytes: number;
  /** Milliseconds from sending to the last byte. */
  readonly durationMs: number;
  /** Our clock when the last byte came, epoch ms. */
  readonly receivedAtMs: number;
  /** The partner's id of the request, if it names one. */
  readonly requestId: string | undefined;
}

export interface NextPage {
  /** null: that was the last page. */
  readonly cursor: string | null;
  /** How many records the partner says there are in all, if it says. */
  readonly total: number | null;
  /** The next page lies behind the end by the numbers that the partner states: it is asked for all the same. */
  readonly beyond?: boolean;
  /** From where the next run is to go on, as far as this page tells. */
  readonly keep?: string;
  /** Why records may be missing: the listing may not end here although the definition finds no next page, or the page is not whole. */
  readonly doubt?: string;
}
