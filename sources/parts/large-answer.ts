import { isAscii, isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { charsetOfMark, decodeText, isCharset, isWide } from '../../core/charset.ts';
import { sliceable, type LargeBytes } from '../../core/large-bytes.ts';
import { RetryLater } from '../../core/errors.ts';
import type { SourceAnswer } from '../../core/source.ts';
import { refuseTooLong } from '../../core/text-length.ts';
import type { Format } from '../../definitions/formats.ts';
import { misplacedCharset } from '../../http/content-codings.ts';
import { charsetOfType } from '../../http/decode-body.ts';
import { ByteScan } from './byte-scan.ts';
import { endOfPart, headerOf } from './cut-bytes.ts';

/** A place in an answer: in which of its files, and at which byte of that. */
export interface Place {
  readonly file: number;
  readonly byte: number;
}

export interface Piece {
  readonly from: Place;
  /** Where the next one begins; undefined: this is the last. */
  readonly to: Place | undefined;
  /** With the header row of its file. */
  readonly text: string;
}

export interface LargeAnswerOptions {
  readonly format: Format;
  /** The files are those of an archive: what the answer's headers say of a charset is not said of them. */
  readonly isPacked: boolean;
  /** Of a piece, in bytes. */
  readonly size?: number | undefined;
}

const READ = 1024 * 1024;

/** The files of an answer that is read a piece at a time, and how far the hash of what was read is reckoned. */
export class LargeAnswer {
  readonly #files: readonly { readonly scan: ByteScan; readonly charset: string }[];
  readonly #options: LargeAnswerOptions;
  #hash = createHash('sha256');
  #hashed: Place = START;
  #last: Piece | undefined;

  private constructor(files: readonly LargeBytes[], charsets: readonly string[], options: LargeAnswerOptions) {
    this.#files = files.map((bytes, i) => ({ scan: new ByteScan(bytes), charset: charsets[i] as string }));
    this.#options = options;
  }

  /** undefined: one of the files is in a charset whose bytes cannot be told apart so. */
  static of(answer: SourceAnswer, options: LargeAnswerOptions): LargeAnswer | undefined {
    const files = filesOf(answer);
    const charsets = files.map((bytes) => charsetOf(bytes, answer.headers, options));
    return charsets.every(isOfBytes) ? new LargeAnswer(files, charsets, options) : undefined;
  }

  /** `place` is the beginning, or one that a piece before ended with. */
  pieceAt(place: Place): Piece {
    if (this.#last !== undefined && isSame(this.#last.from, place)) return this.#last;
    const { format, size } = this.#options;
    const { scan } = this.#fileAt(place);
    const end = endOfPart(scan, place.byte, format, size);
    const next = end < scan.length ? { file: place.file, byte: end } : { file: place.file + 1, byte: 0 };
    this.#last = {
      from: place,
      to: next.file < this.#files.length ? next : undefined,
      text: this.#textOf(place, end),
    };
    return this.#last;
  }

  has({ file, byte }: Place): boolean {
    const found = this.#files[file];
    return found !== undefined && byte <= found.scan.length;
  }

  /** SHA-256 of all before a place, hex. Each byte is hashed once, as long as nobody goes back. */
  hashTo(place: Place): string {
    if (isBefore(place, this.#hashed)) {
      this.#hash = createHash('sha256');
      this.#hashed = START;
    }
    while (isBefore(this.#hashed, place)) {
      const { file, byte } = this.#hashed;
      const { scan } = this.#fileAt(this.#hashed);
      const end = Math.min(byte + READ, file === place.file ? place.byte : scan.length);
      this.#hash.update(scan.bytes.slice(byte, end));
      this.#hashed = end < scan.length || file === place.file ? { file, byte: end } : { file: file + 1, byte: 0 };
    }
    return this.#hash.copy().digest('hex');
  }

  #textOf(from: Place, end: number): string {
    const { format } = this.#options;
    const { scan, charset } = this.#fileAt(from);
    if (format.type !== 'csv') return decoded(scan.bytes, [from.byte, end], charset, format);
    const { header, rowsAt } = headerOf(scan, format);
    const rows = decoded(scan.bytes, [Math.max(from.byte, rowsAt), end], charset, format);
    return decoded(scan.bytes, header, charset, format) + rows;
  }

  #fileAt({ file }: Place): { readonly scan: ByteScan; readonly charset: string } {
    const found = this.#files[file];
    if (found === undefined) throw new RangeError(`an answer of ${this.#files.length} files has no file ${file + 1}`);
    return found;
  }
}

export const START: Place = { file: 0, byte: 0 };

const isSame = (a: Place, b: Place): boolean => a.file === b.file && a.byte === b.byte;
const isBefore = (a: Place, b: Place): boolean => a.file < b.file || (a.file === b.file && a.byte < b.byte);

export const filesOf = ({ large, files = [] }: SourceAnswer): readonly LargeBytes[] => large ?? files.map(sliceable);

function charsetOf(bytes: LargeBytes, headers: SourceAnswer['headers'], options: LargeAnswerOptions): string {
  const { format, isPacked } = options;
  if (format.encoding !== undefined) return named(format.encoding);
  const mark = charsetOfMark(bytes.slice(0, Math.min(3, bytes.length)));
  const declared = charsetOfType(headers['content-type']) ?? misplacedCharset(headers['content-encoding']);
  const charset = named(mark ?? (isPacked ? undefined : declared) ?? 'utf-8');
  // Text that is valid UTF-8 is UTF-8, whatever its charset is said to be: many servers state their default.
  return !isWide(charset) && bytes.utf8 ? 'utf-8' : charset;
}

const named = (charset: string): string => (isCharset(charset) ? new TextDecoder(charset).encoding : charset);

/** UTF-8, and charsets with one byte for each character (WHATWG Encoding §9 and §10). */
const isOfBytes = (charset: string): boolean =>
  /^(utf-8|ibm866|iso-8859-|koi8-|macintosh|windows-|x-mac)/.test(charset);

function decoded(bytes: LargeBytes, [from, to]: readonly [number, number], charset: string, format: Format): string {
  const slice = bytes.slice(from, to);
  refuseTooLong(slice.length);
  if (isAscii(slice)) return slice.toString('latin1');
  // Only the beginning of a text has a byte order mark.
  const text = charset === 'utf-8' && from > 0 ? exactText(slice) : decodeText(slice, charset);
  if (text === undefined)
    throw new RetryLater(
      `answered text that is not valid ${charset}: if it is written in something else, say so, as in format: { type: ${format.type}, encoding: latin1 }`,
    );
  return text;
}

const exactText = (bytes: Buffer): string | undefined => (isUtf8(bytes) ? bytes.toString('utf8') : undefined);
