import { isAscii, isUtf8 } from 'node:buffer';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { GiveUp, RetryLater } from '../core/errors.ts';
import { BodyText } from './body-text.ts';

export interface DecodeOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly maxBytes: number;
  readonly what: string;
}

export interface DecodedBody {
  readonly content: Pick<BodyText, 'text' | 'outline' | 'ascii'>;
  readonly bytes: number;
}

/** Bytes as they came → text. Strict: a broken archive or broken text is an error, never a shorter page. */
export async function decodeBody(body: Buffer, options: DecodeOptions): Promise<DecodedBody> {
  const plain = body.length === 0 ? body : await unpack(body, options);
  return { content: contentOf(plain, options), bytes: plain.length };
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

function contentOf(body: Buffer, { headers, what }: DecodeOptions): DecodedBody['content'] {
  if (isAscii(body)) return new BodyText(body, true);
  // RFC 8259 §8.1: a byte order mark may be ignored, and JSON.parse does not.
  const hasMark = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
  if (isUtf8(body)) return new BodyText(hasMark ? body.subarray(3) : body, false);
  const charset = /;\s*charset="?([^";\s]+)/i.exec(headers['content-type'] ?? '')?.[1] ?? 'utf-8';
  try {
    const text = new TextDecoder(charset, { fatal: true }).decode(body);
    return { text, outline: text, ascii: false };
  } catch {
    throw new RetryLater(`${what} answered text that is not valid in its charset`);
  }
}
