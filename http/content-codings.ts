import type { Transform } from 'node:stream';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { isCharset } from '../core/charset.ts';
import { GiveUp, RetryLater } from '../core/errors.ts';
import type { Spooled } from './spool.ts';
import { unpackSpooled } from './unpack-spooled.ts';

type Unpack = (body: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>;

const inflate = promisify(zlib.inflate);
const inflateRaw = promisify(zlib.inflateRaw);
const gunzip = promisify(zlib.gunzip);
// Node 22.15 and newer.
const { zstdDecompress, createZstdDecompress } = zlib as {
  readonly zstdDecompress?: typeof zlib.gunzip;
  readonly createZstdDecompress?: () => Transform;
};

const unpackers: Readonly<Record<string, Unpack>> = {
  gzip: gunzip,
  'x-gzip': gunzip,
  // RFC 9110 §8.4.1.2: some send what deflate makes without the zlib format around it.
  deflate: (body, options) => (hasZlibHeader(body) ? inflate(body, options) : inflateRaw(body, options)),
  br: promisify(zlib.brotliDecompress),
  ...(zstdDecompress === undefined ? {} : { zstd: promisify(zstdDecompress) }),
};

/** The same for what is large; `head` is how the body begins. */
const streams: Readonly<Record<string, (head: Buffer) => Transform>> = {
  gzip: () => zlib.createGunzip(),
  'x-gzip': () => zlib.createGunzip(),
  deflate: (head) => (hasZlibHeader(head) ? zlib.createInflate() : zlib.createInflateRaw()),
  br: () => zlib.createBrotliDecompress(),
  ...(createZstdDecompress === undefined ? {} : { zstd: () => createZstdDecompress() }),
};

/** RFC 1950 §2.2. */
const hasZlibHeader = (body: Buffer): boolean =>
  body.length > 1 && ((body[0] as number) & 0x0f) === 8 && body.readUInt16BE(0) % 31 === 0;

/** What partners write into Content-Encoding that is none: nothing, a transfer encoding, or the type of the text. */
const noCodings: ReadonlySet<string> = new Set([
  '',
  'identity',
  'none',
  'binary',
  '7bit',
  '8bit',
  'chunked',
  'plain',
  'text',
  'json',
]);

const isNoCoding = (name: string): boolean => noCodings.has(name) || name.includes('/') || isCharset(name);

const namesIn = (header: string | undefined): readonly string[] =>
  (header ?? '').split(',').map((name) => name.trim().toLowerCase());

/** The charset that a partner names in the wrong header. */
export const misplacedCharset = (header: string | undefined): string | undefined =>
  namesIn(header).find((name) => name !== '' && isCharset(name));

export interface CodingsOptions {
  readonly header: string | undefined;
  readonly maxBytes: number;
  readonly what: string;
}

/** The bytes without their codings (RFC 9110 §8.4). Codings that were not asked for are undone, too. */
export async function undoCodings(body: Buffer, options: CodingsOptions): Promise<Buffer> {
  const { maxBytes } = options;
  let plain = body;
  for (const name of codingsOf(options))
    try {
      plain = await (unpackers[name] as Unpack)(plain, { maxOutputLength: maxBytes });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge(options) : broken(name, options, code);
    }
  return plain;
}

/** As `undoCodings`, but what is large goes to a file while it is unpacked. */
export async function undoSpooled(body: Spooled, options: CodingsOptions): Promise<Spooled> {
  const { maxBytes } = options;
  let plain = body;
  for (const name of codingsOf(options))
    plain = await unpackSpooled(plain, streams[name] as (head: Buffer) => Transform, {
      maxBytes,
      tooLarge: () => tooLarge(options),
      broken: (code) => broken(name, options, code),
    });
  return plain;
}

/** In the order in which they are undone: the last one was applied last. */
function codingsOf({ header, what }: CodingsOptions): readonly string[] {
  const names = namesIn(header).filter((each) => !isNoCoding(each));
  for (const name of names)
    if (!Object.hasOwn(unpackers, name))
      throw new GiveUp(
        `${what} answered in the encoding ${JSON.stringify(name.slice(0, 40))}, which was not asked for and cannot be undone`,
      );
  return names.toReversed();
}

const tooLarge = ({ what, maxBytes }: CodingsOptions): GiveUp =>
  new GiveUp(`${what} answered more than ${maxBytes} bytes: ask for smaller pages or raise maxBytes`);

const broken = (name: string, { what }: CodingsOptions, code: string | undefined): RetryLater =>
  new RetryLater(`${what} answered with a broken ${name} body`, { cause: new Error(code ?? 'zlib') });
