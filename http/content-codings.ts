import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { isCharset } from '../core/charset.ts';
import { GiveUp, RetryLater } from '../core/errors.ts';

type Unpack = (body: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>;

const inflate = promisify(zlib.inflate);
const inflateRaw = promisify(zlib.inflateRaw);
const gunzip = promisify(zlib.gunzip);
// Node 22.15 and newer.
const { zstdDecompress } = zlib as { readonly zstdDecompress?: typeof zlib.gunzip };

const unpackers: Readonly<Record<string, Unpack>> = {
  gzip: gunzip,
  'x-gzip': gunzip,
  // RFC 9110 §8.4.1.2: some send what deflate makes without the zlib format around it.
  deflate: (body, options) => (hasZlibHeader(body) ? inflate(body, options) : inflateRaw(body, options)),
  br: promisify(zlib.brotliDecompress),
  ...(zstdDecompress === undefined ? {} : { zstd: promisify(zstdDecompress) }),
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

/** The bytes without their codings (RFC 9110 §8.4). Codings that were not asked for are undone, too. */
export async function undoCodings(
  body: Buffer,
  { header, maxBytes, what }: { readonly header: string | undefined; readonly maxBytes: number; readonly what: string },
): Promise<Buffer> {
  let plain = body;
  // The last one was applied last.
  for (const name of namesIn(header)
    .filter((each) => !isNoCoding(each))
    .toReversed()) {
    const unpack = Object.hasOwn(unpackers, name) ? unpackers[name] : undefined;
    if (unpack === undefined)
      throw new GiveUp(
        `${what} answered in the encoding ${JSON.stringify(name.slice(0, 40))}, which was not asked for and cannot be undone`,
      );
    try {
      plain = await unpack(plain, { maxOutputLength: maxBytes });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ERR_BUFFER_TOO_LARGE')
        throw new GiveUp(`${what} answered more than ${maxBytes} bytes: ask for smaller pages or raise maxBytes`);
      throw new RetryLater(`${what} answered with a broken ${name} body`, { cause: new Error(code ?? 'zlib') });
    }
  }
  return plain;
}
