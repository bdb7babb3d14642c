import { RetryLater } from '../core/errors.ts';
import type { LargeBytes } from '../core/large-bytes.ts';
import { refuseTooLong } from '../core/text-length.ts';
import { OUTLINE, type BodyText } from './body-text.ts';

/** The text of bytes that are in a file. It is read for those alone who ask for it, and they have all of it in memory. */
export class LargeText {
  readonly ascii = false;
  readonly #bytes: LargeBytes;
  readonly #contentOf: (bytes: Buffer) => Pick<BodyText, 'text'> & { readonly noText?: string };

  constructor(bytes: LargeBytes, contentOf: (bytes: Buffer) => Pick<BodyText, 'text'> & { readonly noText?: string }) {
    this.#bytes = bytes;
    this.#contentOf = contentOf;
  }

  get text(): string {
    const { length } = this.#bytes;
    refuseTooLong(length);
    const { text, noText } = this.#contentOf(this.#bytes.slice(0, length));
    if (noText !== undefined) throw new RetryLater(noText);
    return text;
  }

  get outline(): string {
    const { length } = this.#bytes;
    return this.#bytes.slice(0, OUTLINE).toString() + this.#bytes.slice(length - OUTLINE, length).toString();
  }
}
