import { promisify } from 'node:util';
import { createGunzip, gunzip } from 'node:zlib';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { GiveUp, RetryLater } from '../core/errors.ts';
import type { Compression } from '../core/source.ts';
import { crc32 } from './crc32.ts';
import { spool, type Spooled } from './spool.ts';
import { unpackSpooled } from './unpack-spooled.ts';

const unzip = promisify(gunzip);

/**
 * The files in a body that is a .gz or a .zip file, in the order of the archive; the body itself where it is neither and
 * may be. All of them together have at most `maxBytes`, so that a small archive does not fill the memory.
 */
export const openFiles = async (body: Buffer, compression: Compression, maxBytes: number): Promise<readonly Buffer[]> =>
  // In memory whatever their size.
  (await filesIn(body, compression, { bytes: maxBytes, of: maxBytes, over: Number.POSITIVE_INFINITY })) as Buffer[];

/** As `openFiles`, but what is large stays in files. The body is given back, unless it is what was found. */
export async function openSpooled(
  body: Spooled,
  compression: Compression,
  maxBytes: number,
): Promise<readonly Spooled[]> {
  let files: readonly Spooled[] = [];
  try {
    files = await filesIn(body, compression, { bytes: maxBytes, of: maxBytes });
    return files;
  } finally {
    if (!files.includes(body)) closeSpooled([body]);
  }
}

export function closeSpooled(files: readonly Spooled[]): void {
  for (const file of files) if (!Buffer.isBuffer(file)) file.close();
}

async function filesIn(body: Spooled, { type, files }: Compression, left: Left): Promise<readonly Spooled[]> {
  const head = Buffer.isBuffer(body) ? body : body.slice(0, HEAD);
  if (type !== 'zip' && isGzip(head)) return [await ungzip(body, left)];
  if (type !== 'gzip' && isZip(head)) return openZip(body, files === undefined ? isData : matcher(files), left);
  if (type === 'auto') return [body];
  throw new RetryLater(
    `expected a ${type} file, found ${isGzip(head) ? 'a gzip file' : isZip(head) ? 'a zip file' : 'something else'} (${body.length} bytes)`,
  );
}

/** So many bytes tell what a file is. */
const HEAD = 4;

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** With files, without any, or split. */
export const isZip = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x50 && bytes[1] === 0x4b && ['3:4', '5:6', '7:8'].includes(`${bytes[2]}:${bytes[3]}`);

/** What may still be unpacked. */
interface Left {
  bytes: number;
  readonly of: number;
  /** What has more goes to a file. */
  readonly over?: number;
}

const tooLarge = ({ of }: Left): GiveUp =>
  new GiveUp(`the files in the answer have more than ${of} bytes: ask for smaller ones or raise maxBytes`);

const broken = (kind: string, error: unknown): RetryLater =>
  new RetryLater(`answered with a ${kind} file that is broken or was cut off`, {
    cause: new Error((error as NodeJS.ErrnoException).code ?? kind),
  });

async function ungzip(body: Spooled, left: Left): Promise<Spooled> {
  const { over } = left;
  const plain =
    over === undefined
      ? await unpackSpooled(body, () => createGunzip(), {
          maxBytes: left.bytes,
          tooLarge: () => tooLarge(left),
          broken: (code) => broken('gzip', { code }),
        })
      : await ungzipInMemory(body as Buffer, left);
  left.bytes -= plain.length;
  return plain;
}

async function ungzipInMemory(body: Buffer, left: Left): Promise<Buffer> {
  try {
    return await unzip(body, { maxOutputLength: Math.max(1, left.bytes) });
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge(left) : broken('gzip', error);
  }
}

async function openZip(body: Spooled, wanted: (name: string) => boolean, left: Left): Promise<readonly Spooled[]> {
  const found: Spooled[] = [];
  // Names are matched and never used as paths.
  const options = { lazyEntries: true, decodeStrings: false, autoClose: false } as const;
  try {
    const zip = Buffer.isBuffer(body)
      ? await yauzl.fromBufferPromise(body, options)
      : await yauzl.fromFdPromise(body.fd, options);
    for await (const entry of zip.eachEntry()) {
      const name = entry.fileNameRaw.toString('utf8');
      if (name.endsWith('/') || !wanted(name)) continue;
      const bytes = await readEntry(zip, entry, left);
      // Exports are zip files of .gz files at times.
      if (!isGzip(Buffer.isBuffer(bytes) ? bytes : bytes.slice(0, HEAD))) found.push(bytes);
      else {
        left.bytes += bytes.length;
        found.push(await ungzip(bytes, left));
      }
    }
  } catch (error) {
    closeSpooled(found);
    throw error instanceof GiveUp || error instanceof RetryLater ? error : broken('zip', error);
  }
  if (found.length === 0) throw new RetryLater('the zip file in the answer has no file that is wanted');
  return found;
}

async function readEntry(zip: ZipFile, entry: Entry, left: Left): Promise<Spooled> {
  if (entry.isEncrypted()) throw new GiveUp('the zip file in the answer is encrypted, which cannot be read');
  if (!entry.canDecodeFileData())
    throw new GiveUp(`the zip file in the answer is packed by method ${entry.compressionMethod}, which is not known`);
  if (entry.uncompressedSize > left.bytes) throw tooLarge(left);
  let crc = 0;
  const entryBytes = await zip.openReadStreamPromise(entry);
  const summed = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of entryBytes) {
      crc = crc32(chunk as Buffer, crc);
      yield chunk as Buffer;
    }
  };
  const { over } = left;
  const bytes = await spool(summed(), {
    maxBytes: left.bytes,
    tooLarge: () => tooLarge(left),
    ...(over === undefined ? {} : { over }),
  });
  if (crc !== entry.crc32) {
    closeSpooled([bytes]);
    throw broken('zip', new Error('checksum'));
  }
  left.bytes -= bytes.length;
  return bytes;
}

/** macOS puts what it knows of a file beside it. */
const isData = (name: string): boolean => !name.startsWith('__MACOSX/');

/** `*` stands for any characters. */
function matcher(pattern: string): (name: string) => boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`));
  const whole = new RegExp(`^${parts.join('.*')}$`, 's');
  return (name) => whole.test(name);
}
