import type { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GiveUp, RetryLater } from '../core/errors.ts';
import { spool, streamOf, type Spooled, type SpoolOptions } from './spool.ts';

export interface UnpackOptions extends SpoolOptions {
  /** Thrown for what cannot be unpacked. */
  readonly broken: (code: string | undefined) => Error;
}

/** What the bytes unpack to. Where they are is given back. */
export async function unpackSpooled(
  packed: Spooled,
  unpacker: (head: Buffer) => Transform,
  options: UnpackOptions,
): Promise<Spooled> {
  const inMemory = Buffer.isBuffer(packed);
  const head = inMemory ? packed.subarray(0, 2) : packed.slice(0, 2);
  try {
    return await throughUnpacker(streamOf(packed), unpacker(head), options);
  } finally {
    if (!inMemory) packed.close();
  }
}

async function throughUnpacker(packed: Readable, unpacker: Transform, options: UnpackOptions): Promise<Spooled> {
  // The pipeline would throw an AbortError in its place.
  let refused: GiveUp | RetryLater | undefined;
  let plain: Spooled | undefined;
  try {
    await pipeline(packed, unpacker, async (chunks: AsyncIterable<Uint8Array>) => {
      try {
        plain = await spool(chunks, options);
      } catch (error) {
        if (error instanceof GiveUp || error instanceof RetryLater) refused = error;
        throw error;
      }
    });
  } catch (error) {
    throw refused ?? options.broken((error as NodeJS.ErrnoException).code);
  }
  return plain as unknown as Spooled;
}
