import { isUtf8 } from 'node:buffer';

/** Bytes that are too many for the memory: they are read a slice at a time. */
export interface LargeBytes {
  readonly length: number;
  /** All of them together are valid UTF-8. */
  readonly utf8: boolean;
  /** `to` lies at most at the end. Both are in bytes. */
  slice(from: number, to: number): Buffer;
}

/** They are in a file whose room is given back at once by `close`, else some time after nobody knows them any more. */
export interface OpenBytes extends LargeBytes {
  /** Its descriptor. */
  readonly fd: number;
  close(): void;
}

/** Bytes in memory, as those that are not. */
export const sliceable = (bytes: Buffer): LargeBytes => ({
  length: bytes.length,
  get utf8() {
    return isUtf8(bytes);
  },
  slice: (from, to) => bytes.subarray(from, to),
});
