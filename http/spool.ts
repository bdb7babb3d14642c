import { randomUUID } from 'node:crypto';
import { close, closeSync, createReadStream, openSync, readSync, unlinkSync, write } from 'node:fs';
import { isUtf8 } from 'node:buffer';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { RetryLater } from '../core/errors.ts';
import { spoolName } from '../core/staging-names.ts';
import type { OpenBytes } from '../core/large-bytes.ts';

/** What is longer is written to a file while it arrives. */
export const SPOOL_OVER = 16 * 1024 * 1024;
const READ = 256 * 1024;

const writeTo = promisify(write);
const closing = new FinalizationRegistry<number>((fd) => close(fd, () => {}));

/**
 * A file without a name, so that nothing of it is left when the process dies. Only this process can read it, since it may hold the records of a
 * partner.
 */
class SpooledFile implements OpenBytes {
  readonly length: number;
  readonly utf8: boolean;
  readonly fd: number;
  #closed = false;

  constructor(fd: number, { length, utf8 }: Pick<OpenBytes, 'length' | 'utf8'>) {
    this.fd = fd;
    this.length = length;
    this.utf8 = utf8;
    closing.register(this, fd, this);
  }

  slice(from: number, to: number): Buffer {
    const bytes = Buffer.allocUnsafe(Math.max(0, to - from));
    let read = 0;
    while (read < bytes.length) {
      const more = readSync(this.fd, bytes, read, bytes.length - read, from + read);
      if (more === 0) throw new Error('a large answer is shorter than what was written of it');
      read += more;
    }
    return bytes;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closing.unregister(this);
    closeSync(this.fd);
  }
}

/** Where the bytes are. */
export type Spooled = Buffer | OpenBytes;

export const streamOf = (bytes: Spooled): Readable =>
  Buffer.isBuffer(bytes)
    ? Readable.from([bytes])
    : createReadStream('', { fd: bytes.fd, autoClose: false, start: 0, highWaterMark: READ });

export interface SpoolOptions {
  readonly maxBytes: number;
  /** Thrown for more. */
  readonly tooLarge: () => Error;
  /** More go to a file, */
  readonly over?: number;
  /** in this folder. */
  readonly folder?: string;
}

/** All bytes of a stream: in memory as long as they are few. */
export async function spool(
  chunks: AsyncIterable<Uint8Array>,
  { maxBytes, tooLarge, over = SPOOL_OVER, folder = tmpdir() }: SpoolOptions,
): Promise<Spooled> {
  const held: Uint8Array[] = [];
  const check = new Utf8Check();
  let length = 0;
  let fd: number | undefined;
  try {
    for await (const chunk of chunks) {
      length += chunk.length;
      if (length > maxBytes) throw tooLarge();
      if (fd === undefined) held.push(chunk);
      if (length <= over) continue;
      const opened: number = fd ?? openNameless(folder);
      for (const each of fd === undefined ? held.splice(0) : [chunk]) {
        check.add(each);
        await writeAll(opened, each).catch((error: unknown) => {
          throw noRoom(folder, error);
        });
      }
      fd = opened;
    }
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    throw error;
  }
  return fd === undefined ? Buffer.concat(held, length) : new SpooledFile(fd, { length, utf8: check.ends() });
}

function openNameless(folder: string): number {
  const file = join(folder, spoolName(randomUUID()));
  try {
    const fd = openSync(file, 'wx+', 0o600);
    unlinkSync(file);
    return fd;
  } catch (error) {
    throw noRoom(folder, error);
  }
}

async function writeAll(fd: number, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await writeTo(fd, bytes, at, bytes.length - at, null);
    at += bytesWritten;
  }
}

const noRoom = (folder: string, error: unknown): RetryLater =>
  new RetryLater(
    `a large answer cannot be written to ${folder} (${(error as NodeJS.ErrnoException).code ?? 'no code'}): make room there, or name another folder in TMPDIR`,
  );

/** Whether chunks are valid UTF-8 together: a character may be cut in two between them. */
class Utf8Check {
  #valid = true;
  #rest: Uint8Array = new Uint8Array(0);

  add(chunk: Uint8Array): void {
    if (!this.#valid) return;
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const end = endOfCharacters(bytes);
    this.#valid = isUtf8(bytes.subarray(0, end));
    this.#rest = Uint8Array.from(bytes.subarray(end));
  }

  ends(): boolean {
    return this.#valid && this.#rest.length === 0;
  }
}

/** Behind the last character that is whole, if what follows may be the beginning of one (RFC 3629 §3). */
function endOfCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte >= 0xc0) {
      const wants = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return wants > back ? bytes.length - back : bytes.length;
    }
    if (byte < 0x80) return bytes.length;
  }
  return bytes.length;
}
