import { refuseTooLong } from '../core/text-length.ts';

/** How much of a large body's beginning, and of its end, is its outline, in bytes. */
export const OUTLINE = 16 * 1024;

/** A body that is valid UTF-8, decoded when somebody reads it: a large page takes a millisecond, and the next request need not wait for it. */
export class BodyText {
  readonly #bytes: Buffer;
  #text: string | undefined;
  /** The text is. */
  readonly ascii: boolean;

  constructor(bytes: Buffer, ascii: boolean) {
    this.#bytes = bytes;
    this.ascii = ascii;
  }

  get text(): string {
    if (this.#text === undefined) refuseTooLong(this.#bytes.length);
    // Decoding ASCII as what it is, is several times faster, and most pages are.
    this.#text ??= this.#bytes.toString(this.ascii ? 'latin1' : 'utf8');
    return this.#text;
  }

  /** Of a large body its beginning and its end: what a listing says beside its records is there. */
  get outline(): string {
    const { length } = this.#bytes;
    if (this.#text !== undefined || length < 4 * OUTLINE) return this.text;
    // A character that is cut in two spoils nothing but itself, in the middle of what is left out.
    return this.#bytes.toString('utf8', 0, OUTLINE) + this.#bytes.toString('utf8', length - OUTLINE);
  }
}
