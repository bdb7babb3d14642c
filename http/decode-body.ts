import { isAscii, isUtf8 } from 'node:buffer';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { GiveUp, RetryLater } from '../core/errors.ts';

export interface DecodeOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly maxBytes: number;
  readonly what: string;
}

export interface DecodedBody {
  readonly text: string;
  readonly bytes: number;
  /** The text is. */
  readonly ascii: boolean;
}

/** Bytes as they came → text. Strict: a broken archive or broken text is an error, never a shorter page. */
export async function decodeBody(body: Buffer, options: DecodeOptions): Promise<DecodedBody> {
  const plain = body.length === 0 ? body : await unpack(body, options);
  // Several times faster than decoding UTF-8, and most pages are ASCII.
  const ascii = isAscii(plain);
  return { text: ascii ? plain.toString('latin1') : toText(plain, options), bytes: plain.length, ascii };
}

const unpackers = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
} as const;

async function unpack(body: Buffer, { headers, maxBytes, what }: DecodeOptions): Promise<Buffer> {
  const encoding = (headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity' || encoding === '') return body;
  if (!Object.hasOwn(unpackers, encoding)) throw new GiveUp(`${what} answered in an encoding that was not asked for`);
  try {
    return await unpackers[encoding as keyof typeof unpackers](body, { maxOutputLength: maxBytes });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE')
      throw new GiveUp(`${what} answered more than ${maxBytes} bytes: ask for smaller pages or raise maxBytes`);
    throw new RetryLater(`${what} answered with a broken ${encoding} body`, { cause: new Error(code ?? 'zlib') });
  }
}

function toText(body: Buffer, { headers, what }: DecodeOptions): string {
  // RFC 8259 §8.1: a byte order mark may be ignored, and JSON.parse does not.
  if (isUtf8(body)) return body.toString('utf8', body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0);
  const charset = /;\s*charset="?([^";\s]+)/i.exec(headers['content-type'] ?? '')?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(charset, { fatal: true }).decode(body);
  } catch {
    throw new RetryLater(`${what} answered text that is not valid in its charset`);
  }
}
