import { isUtf8 } from 'node:buffer';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGunzip, gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { GiveUp } from '../../core/errors.ts';
import { spool, type Spooled } from '../../http/spool.ts';
import { unpackSpooled } from '../../http/unpack-spooled.ts';

async function* chunksOf(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

const tooLarge = (): Error => new GiveUp('too large');
const into = (bytes: Buffer, size = 7, over = 20): Promise<Spooled> =>
  spool(chunksOf(bytes, size), { maxBytes: 1e6, over, tooLarge });

describe('bytes that arrive', () => {
  test('are the same in a file as in memory, whole and in slices, and it is known whether they are UTF-8', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string({ unit: 'grapheme' }).map((text) => Buffer.from(text)),
          fc.uint8Array().map((bytes) => Buffer.from(bytes)),
        ),
        fc.integer({ min: 1, max: 9 }),
        fc.nat(40),
        fc.nat(40),
        async (bytes, size, a, b) => {
          fc.pre(bytes.length > 3);
          const spooled = await into(bytes, size, 3);
          if (Buffer.isBuffer(spooled)) throw new Error('expected a file');
          const [from, to] = [Math.min(a, b), Math.max(a, b)].map((place) => Math.min(place, bytes.length)) as [
            number,
            number,
          ];
          expect(spooled.length).toBe(bytes.length);
          expect(spooled.utf8).toBe(isUtf8(bytes));
          expect(spooled.slice(0, bytes.length).equals(bytes)).toBe(true);
          expect(spooled.slice(from, to).equals(bytes.subarray(from, to))).toBe(true);
          spooled.close();
        },
      ),
    );
  });

  test('stay in memory where they are few', async () => {
    expect(await into(Buffer.from('a few'), 2, 5)).toEqual(Buffer.from('a few'));
  });

  test('leave no name in the folder, and end at the limit', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spool-'));
    const options = { over: 20, tooLarge, folder };
    const spooled = await spool(chunksOf(Buffer.alloc(100), 7), { ...options, maxBytes: 100 });
    await expect(spool(chunksOf(Buffer.alloc(100), 30), { ...options, maxBytes: 99 })).rejects.toThrow('too large');
    expect([spooled.length, readdirSync(folder)]).toEqual([100, []]);
    if (!Buffer.isBuffer(spooled)) spooled.close();
    rmSync(folder, { recursive: true });
  });

  test('where nothing can be written, say so, and are asked for again', async () => {
    await expect(
      spool(chunksOf(Buffer.alloc(100), 7), { maxBytes: 1e6, over: 20, tooLarge, folder: '/nowhere' }),
    ).rejects.toThrow(
      'a large answer cannot be written to /nowhere (ENOENT): make room there, or name another folder in TMPDIR',
    );
  });
});

const unpack = (packed: Spooled, maxBytes = 1e6): Promise<Spooled> =>
  unpackSpooled(packed, () => createGunzip(), {
    maxBytes,
    over: 100,
    tooLarge,
    broken: (code) => new Error(`broken: ${code}`),
  });

describe('what is packed', () => {
  const plain = Buffer.from('a line of a file\n'.repeat(500));
  test.each([[1e6], [5]])('is unpacked from memory and from a file (%d)', async (over) => {
    const unpacked = await unpack(await into(gzipSync(plain), 7, over));
    if (Buffer.isBuffer(unpacked)) throw new Error('expected a file');
    expect(unpacked.slice(0, unpacked.length).equals(plain)).toBe(true);
    unpacked.close();
  });

  test('and was cut off, or is too much, is never taken for a shorter one', async () => {
    for (const over of [1e6, 5]) {
      await expect(unpack(await into(gzipSync(plain).subarray(0, -9), 7, over))).rejects.toThrow('broken: Z_BUF_ERROR');
      await expect(unpack(await into(gzipSync(plain), 7, over), plain.length - 1)).rejects.toThrow('too large');
    }
  });
});
