import type { LargeBytes } from '../../core/large-bytes.ts';

const WINDOW = 256 * 1024;

/** Looks for bytes in what may be a file, a window at a time. Where nothing is found the answer is the length. */
export class ByteScan {
  readonly bytes: LargeBytes;
  #from = 0;
  #window: Buffer = Buffer.alloc(0);

  constructor(bytes: LargeBytes) {
    this.bytes = bytes;
  }

  get length(): number {
    return this.bytes.length;
  }

  /** Where that byte is next, from a place on and before another one. */
  indexOf(byte: number, from: number, before = this.length): number {
    for (let at = from; at < before; at = this.#from + this.#window.length) {
      const found = this.#at(at).indexOf(byte, at - this.#from);
      if (found !== -1) return Math.min(this.#from + found, before);
    }
    return before;
  }

  byteAt(place: number): number | undefined {
    return place < 0 || place >= this.length ? undefined : this.#at(place)[place - this.#from];
  }

  #at(place: number): Buffer {
    if (place < this.#from || place >= this.#from + this.#window.length) {
      this.#from = place;
      this.#window = this.bytes.slice(place, Math.min(place + WINDOW, this.length));
    }
    return this.#window;
  }
}
