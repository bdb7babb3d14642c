/**
 * Blocks of bytes that are used again, by powers of two: a page's lines live for milliseconds, and what the garbage
 * collector alone gave back would pile up until it looks.
 */
const LEAST = 16 * 1024;
/** What may lie idle; more goes to the garbage collector. */
const MOST_IDLE = 16 * 1024 * 1024;
const spare = new Map<number, Buffer[]>();
let idle = 0;

/** At least so many bytes, with whatever was in them. */
export function takeBytes(least: number): Buffer {
  const size = 2 ** Math.ceil(Math.log2(Math.max(least, LEAST)));
  const found = spare.get(size)?.pop();
  if (found !== undefined) idle -= size;
  return found ?? Buffer.allocUnsafeSlow(size);
}

/** The caller keeps no view of them. */
export function giveBack(bytes: Buffer): void {
  const size = bytes.length;
  if (size < LEAST || idle + size > MOST_IDLE) return;
  idle += size;
  const same = spare.get(size);
  if (same === undefined) spare.set(size, [bytes]);
  else same.push(bytes);
}
