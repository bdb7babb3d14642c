import type { Need, Offer } from '../../core/need.ts';
import type { LineOf, LineWriter, PageLines, StagedRecord } from '../../core/staged.ts';
import { copyField } from './copy-text.ts';
import { giveBack, takeBytes } from './spare-bytes.ts';

/** Columns of the event log as an event's line has them. */
export const eventColumns = 'event, page, operation, ordinal, key, version, event_time, received_at, hash, payload';
/** What a replayed event has beside them. */
export const receivedColumns = 'received_page, received_ordinal';
/** The lineage that a row's line begins with; the stream's columns and `_extra` follow. */
export const rowLineage = ['_event', '_page', '_run', '_version', '_hash'] as const;

/**
 * What is only known under the stream's lock has a place of fixed width at the start of each line: leading zeros are nothing to
 * PostgreSQL.
 */
const WIDTH = { event: 15, page: 12, run: 9 } as const;
const place = `${'0'.repeat(WIDTH.event)}\t${'0'.repeat(WIDTH.page)}`;
const eventPlace = `${place}\tu`;
const rowPlace = `${place}\t${'0'.repeat(WIDTH.run)}`;
const OPERATION_AT = place.length + 1;
const operations = {
  u: 'u'.charCodeAt(0),
  s: 's'.charCodeAt(0),
  d: 'd'.charCodeAt(0),
  w: 'w'.charCodeAt(0),
} as const;

/** The part of a line that others send: a view, not a copy. */
export interface Line {
  readonly bytes: Buffer;
  readonly from: number;
  /** Behind the line feed. */
  readonly to: number;
}

/**
 * The records of a page as lines for COPY, in two blocks of bytes outside the heap: what waits for its transaction is
 * nothing that the garbage collector has to walk over.
 */
export class PostgresLines implements PageLines {
  readonly #events: Block;
  readonly #rows: Block;
  readonly #payloadAt: number[];

  constructor(events: Block, rows: Block, payloadAt: number[]) {
    this.#events = events;
    this.#rows = rows;
    this.#payloadAt = payloadAt;
  }

  /** `s`: the record is older than what was known of its key. `d`: it says that it is gone. `w`: it waits for another one. */
  eventLine(
    index: number,
    numbers: { readonly event: number; readonly page: number },
    operation: keyof typeof operations = 'u',
  ): Line {
    const line = this.#events.line(index);
    number(line, numbers);
    line.bytes[line.from + OPERATION_AT] = operations[operation];
    return line;
  }

  rowLine(index: number, numbers: { readonly event: number; readonly page: number; readonly run: number }): Line {
    const line = this.#rows.line(index);
    number(line, numbers);
    putDigits(line.bytes, line.from + WIDTH.event + WIDTH.page + 2, WIDTH.run, numbers.run);
    return line;
  }

  payload(index: number): string {
    const { bytes, to } = this.#events.line(index);
    return uncopied(bytes.toString('utf8', this.#payloadAt[index], to - 1));
  }

  hash(index: number): string {
    const end = (this.#payloadAt[index] as number) - 1;
    return this.#events.line(index).bytes.toString('latin1', end - HASH_DIGITS, end);
  }

  version(index: number): string | null {
    const { bytes, from } = this.#rows.line(index);
    const begin = from + rowPlace.length + 1;
    const text = bytes.toString('utf8', begin, bytes.indexOf(TAB, begin));
    return text === NULL ? null : uncopied(text);
  }

  release(): void {
    this.#events.release();
    this.#rows.release();
  }
}

const HASH_DIGITS = 32;
const TAB = 9;
const NULL = String.raw`\N`;

/**
 * Most records are new, and then nobody asks for their version or hash again: as long as they wait they are bytes of their
 * lines, not objects that live just long enough to be moved to the old generation.
 */
class LineRecord implements StagedRecord {
  readonly ordinal: number;
  readonly key: string | null;
  readonly line: number;
  readonly #lines: PostgresLines;

  constructor(lines: PostgresLines, of: { readonly ordinal: number; readonly key: string | null }, line: number) {
    this.#lines = lines;
    this.ordinal = of.ordinal;
    this.key = of.key;
    this.line = line;
  }

  get hash(): string {
    return this.#lines.hash(this.line);
  }

  get version(): string | null {
    return this.#lines.version(this.line);
  }
}

/** A record of a stream that needs others, or is needed. */
class RelatedRecord extends LineRecord {
  readonly needs?: readonly Need[];
  readonly offers?: readonly Offer[];

  constructor(lines: PostgresLines, of: Pick<StagedRecord, 'ordinal' | 'key' | 'needs' | 'offers'>, line: number) {
    super(lines, of, line);
    if (of.needs !== undefined) this.needs = of.needs;
    if (of.offers !== undefined) this.offers = of.offers;
  }
}

/** There are few of them, and their lines do not have their versions. */
const goneRecord = ({ ordinal, key, version, hash, offers }: LineOf, line: number): StagedRecord => {
  return { ordinal, operation: 'd', key, version, hash, line, ...(offers === undefined ? {} : { offers }) };
};

function number({ bytes, from }: Line, { event, page }: { readonly event: number; readonly page: number }): void {
  putDigits(bytes, from, WIDTH.event, event);
  putDigits(bytes, from + WIDTH.event + 1, WIDTH.page, page);
}

function putDigits(bytes: Buffer, from: number, width: number, value: number): void {
  let rest = value;
  for (let at = from + width - 1; at >= from; at--) {
    const tenth = Math.floor(rest / 10);
    bytes[at] = 48 + (rest - 10 * tenth);
    rest = tenth;
  }
  if (rest !== 0) throw new RangeError(`${value} has more than ${width} digits`);
}

/** `copyField` undone. */
const uncopied = (text: string): string =>
  text.includes('\\') ? text.replace(/\\(.)/g, (_, char: string) => unescaped[char] ?? char) : text;
const unescaped: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** Lines, one behind the other. */
class Block {
  #bytes: Buffer;
  #length = 0;
  readonly #starts: number[] = [];

  constructor(expected: number) {
    this.#bytes = takeBytes(expected);
  }

  get length(): number {
    return this.#length;
  }

  begin(): void {
    this.#starts.push(this.#length);
  }

  end(): void {
    if (this.#length === this.#bytes.length) this.#grow(this.#length + 1);
    this.#bytes[this.#length] = LINE_FEED;
    this.#length += 1;
  }

  /** `ascii`: the caller knows that the text is. */
  put(text: string, ascii: boolean): void {
    const most = ascii ? text.length : 3 * text.length;
    if (this.#length + most > this.#bytes.length) this.#grow(this.#length + most);
    this.#length += this.#bytes.write(text, this.#length, ascii ? 'latin1' : 'utf8');
  }

  line(index: number): Line {
    return {
      bytes: this.#bytes,
      from: this.#starts[index] as number,
      to: this.#starts[index + 1] ?? this.#length,
    };
  }

  release(): void {
    giveBack(this.#bytes);
    this.#bytes = EMPTY;
  }

  #grow(least: number): void {
    const larger = takeBytes(Math.max(least, 2 * this.#bytes.length));
    this.#bytes.copy(larger, 0, 0, this.#length);
    giveBack(this.#bytes);
    this.#bytes = larger;
  }
}

const EMPTY = Buffer.alloc(0);
const LINE_FEED = 10;

/** Room for what a line holds beside the record itself; names of fields are in an event's line only. */
const PER_LINE = { event: 160, row: 60 } as const;

export function postgresLineWriter(page: {
  readonly receivedAt: string;
  readonly chars: number;
  readonly records: number;
}): LineWriter {
  const events = new Block(page.chars + page.records * PER_LINE.event);
  const rows = new Block(page.chars + page.records * PER_LINE.row);
  const payloadAt: number[] = [];
  const lines = new PostgresLines(events, rows, payloadAt);
  const addRow = rowsInto(rows);
  return {
    add: (of) => {
      const { plain } = of;
      const ascii = plain && of.ascii;
      // What is plain needs no look for what COPY escapes.
      const field = plain ? nullField : copyField;
      events.begin();
      events.put(
        [
          eventPlace,
          of.ordinal,
          field(of.key),
          field(of.version),
          field(of.eventTime),
          page.receivedAt,
          of.hash,
          '',
        ].join('\t'),
        ascii,
      );
      payloadAt.push(events.length);
      events.put(plain ? of.payload : copyField(of.payload), ascii);
      events.end();
      addRow(of, field);
      const line = payloadAt.length - 1;
      if (of.operation === 'd') return goneRecord(of, line);
      return of.needs === undefined && of.offers === undefined
        ? new LineRecord(lines, of, line)
        : new RelatedRecord(lines, of, line);
    },
    finish: () => lines,
  };
}

/** Of events that are in the log already: only their rows are written. */
export function postgresRowWriter(size: { readonly chars: number; readonly records: number }): LineWriter {
  const rows = new Block(size.chars + size.records * PER_LINE.row);
  const lines = new PostgresLines(new Block(0), rows, []);
  const addRow = rowsInto(rows);
  let line = 0;
  return {
    add: (of) => {
      addRow(of, of.plain ? nullField : copyField);
      const { ordinal, operation, key, version, hash } = of;
      return { ordinal, operation, key, version, hash, line: line++ };
    },
    finish: () => lines,
  };
}

function rowsInto(rows: Block): (of: LineOf, field: (text: string | null) => string) => void {
  // All records of a page have the same columns.
  const fields: string[] = [rowPlace];
  return ({ operation, version, hash, columns, plain, ascii }, field) => {
    // One flat string: built by `+=` it would be a tree that has to be flattened before it is written.
    // A row that a delete is the first to speak of has the version of nothing that was there.
    fields[1] = operation === 'd' ? NULL : field(version);
    fields[2] = hash;
    for (let i = 0; i < columns.length; i++) fields[3 + i] = field(columns[i] as string | null);
    rows.begin();
    rows.put(fields.join('\t'), plain && ascii);
    rows.end();
  };
}

const nullField = (text: string | null): string => text ?? NULL;
