import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { GiveUp, RetryLater } from '../core/errors.ts';
import type { Compression } from '../core/source.ts';
import { crc32 } from './crc32.ts';

const unzip = promisify(gunzip);

/**
 * The files in a body that is a .gz or a .zip file, in the order of the archive; the body itself where it is neither and
 * may be. All of them together have at most `maxBytes`, so that a small archive does not fill the memory.
 */
export async function openFiles(
  body: Buffer,
  { type, files }: Compression,
  maxBytes: number,
): Promise<readonly Buffer[]> {
  const left = { bytes: maxBytes, of: maxBytes };
  if (type !== 'zip' && isGzip(body)) return [await ungzip(body, left)];
  if (type !== 'gzip' && isZip(body)) return openZip(body, files === undefined ? isData : matcher(files), left);
  if (type === 'auto') return [body];
  throw new RetryLater(
    `expected a ${type} file, found ${isGzip(body) ? 'a gzip file' : isZip(body) ? 'a zip file' : 'something else'} (${body.length} bytes)`,
  );
}

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** With files, without any, or split. */
export const isZip = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x50 && bytes[1] === 0x4b && ['3:4', '5:6', '7:8'].includes(`${bytes[2]}:${bytes[3]}`);

/** What may still be unpacked. */
interface Left {
  bytes: number;
  readonly of: number;
}

const tooLarge = ({ of }: Left): GiveUp =>
  new GiveUp(`the files in the answer have more than ${of} bytes: ask for smaller ones or raise maxBytes`);

const broken = (kind: string, error: unknown): RetryLater =>
  new RetryLater(`answered with a ${kind} file that is broken or was cut off`, {
    cause: new Error((error as NodeJS.ErrnoException).code ?? kind),
  });

async function ungzip(body: Buffer, left: Left): Promise<Buffer> {
  try {
    const bytes = await unzip(body, { maxOutputLength: Math.max(1, left.bytes) });
    left.bytes -= bytes.length;
    return bytes;
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge(left) : broken('gzip', error);
  }
}

async function openZip(body: Buffer, wanted: (name: string) => boolean, left: Left): Promise<readonly Buffer[]> {
  const found: Buffer[] = [];
  try {
    // Names are matched and never used as paths.
    const zip = await yauzl.fromBufferPromise(body, { lazyEntries: true, decodeStrings: false });
    for await (const entry of zip.eachEntry()) {
      const name = entry.fileNameRaw.toString('utf8');
      if (name.endsWith('/') || !wanted(name)) continue;
      const bytes = await readEntry(zip, entry, left);
      // Exports are zip files of .gz files at times.
      if (!isGzip(bytes)) found.push(bytes);
      else {
        left.bytes += bytes.length;
        found.push(await ungzip(bytes, left));
      }
    }
  } catch (error) {
    throw error instanceof GiveUp || error instanceof RetryLater ? error : broken('zip', error);
  }
  if (found.length === 0) throw new RetryLater('the zip file in the answer has no file that is wanted');
  return found;
}

async function readEntry(zip: ZipFile, entry: Entry, left: Left): Promise<Buffer> {
  if (entry.isEncrypted()) throw new GiveUp('the zip file in the answer is encrypted, which cannot be read');
  if (!entry.canDecodeFileData())
    throw new GiveUp(`the zip file in the answer is packed by method ${entry.compressionMethod}, which is not known`);
  if (entry.uncompressedSize > left.bytes) throw tooLarge(left);
  const bytes = await collect(await zip.openReadStreamPromise(entry), left);
  if (crc32(bytes) !== entry.crc32) throw broken('zip', new Error('checksum'));
  left.bytes -= bytes.length;
  return bytes;
}

async function collect(stream: Readable, left: Left): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += (chunk as Buffer).length;
    if (bytes > left.bytes) throw tooLarge(left);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks, bytes);
}

/** macOS puts what it knows of a file beside it. */
const isData = (name: string): boolean => !name.startsWith('__MACOSX/');

/** `*` stands for any characters. */
function matcher(pattern: string): (name: string) => boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`));
  const whole = new RegExp(`^${parts.join('.*')}$`, 's');
  return (name) => whole.test(name);
}
