import type { Coordinates } from '../../core/errors.ts';
import type { Answer, NextPage, Position } from '../../core/page.ts';
import type { Validators } from '../../core/staged.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';

export interface PageAsked {
  readonly stream: CompiledStream;
  readonly position: Position;
  readonly pageNo: number;
  /** Of the last complete run; sent when the URL is the same. */
  readonly known: Validators | null;
  /** By what the partner states the listing has ended before this page: then it may be refused. */
  readonly beyond: boolean;
  /** Its cursor is of an earlier grant: it may have died meanwhile. */
  readonly resumed: boolean;
  /** How often the partition was begun anew. */
  readonly restarts: number;
}

/** A page that came and is not read yet: as a text it costs the garbage collector nothing. */
export interface FetchedPage {
  readonly answer: Answer;
  /** The cursor of the next page, if it shows before the page is read; `read` has the last word. */
  readonly foreseen: string | undefined;
  /** Nothing was asked: it is a further part of an answer that was there. */
  readonly held?: boolean;
  /** Parses it. Throws what a partner's answer deserves that cannot be read. */
  readonly read: () => PageContent;
}

export interface PageContent {
  /** Parsed; their exact texts are parts of the answer's (received.ts). */
  readonly records: readonly unknown[];
  readonly next: NextPage;
  /** What it holds (`core/page-mark.ts`); null when it is empty. */
  readonly mark: string | null;
  /** It has as many records as were asked for. */
  readonly full: boolean;
  /** Characters of the answer that it was made of, if not all of them. */
  readonly chars?: number | undefined;
  /** Where in the text the records stand as they came; undefined: they were made from it. */
  readonly exactAt: string | undefined;
  /** A JSON text for each of the records that were made. */
  readonly texts?: readonly string[] | undefined;
  /** Why a record is malformed, by its index. */
  readonly faults?: ReadonlyMap<number, string> | undefined;
  /** The next page is a further part of the same answer. */
  readonly further?: boolean;
  readonly skipped: boolean;
  /** The partner refused this parent's call for good, in words: the others go on without it. */
  readonly refused?: string;
  readonly validators: Validators | null;
}

/** What a page without records holds. */
export const nothing = {
  records: [],
  next: { cursor: null, total: null },
  mark: null,
  full: false,
  exactAt: undefined,
} as const;

export const placeOf = ({ stream, pageNo }: PageAsked): Coordinates => ({
  partner: stream.partner.name,
  stream: stream.name,
  page: pageNo,
});

/** For messages. */
export const where = (at: Coordinates): string => `${at.partner} ${at.stream} page ${at.page}`;
