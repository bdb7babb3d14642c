import { isAscii, isUtf8 } from 'node:buffer';
import { charsetOfMark, decodeText, isCharset, isWide } from '../core/charset.ts';
import type { OpenBytes } from '../core/large-bytes.ts';
import { BodyText } from './body-text.ts';
import { isGzip, isZip } from './open-files.ts';
import { misplacedCharset, undoCodings, undoSpooled } from './content-codings.ts';
import { LargeText } from './large-text.ts';
import type { Spooled } from './spool.ts';

export interface DecodeOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly maxBytes: number;
  readonly what: string;
}

export interface DecodedBody {
  readonly content: Pick<BodyText, 'text' | 'outline' | 'ascii'> & {
    /** Why the bytes are no text: then it is ''. */
    readonly noText?: string;
  };
  /** The bytes without their Content-Encoding; none where they are `large`. */
  readonly body: Buffer;
  readonly large?: OpenBytes;
  readonly bytes: number;
}

/** Bytes as they came → text, where they are text. Strict: a broken archive or broken text is never a shorter page. */
export async function decodeBody(body: Buffer, { headers, maxBytes, what }: DecodeOptions): Promise<DecodedBody> {
  const header = headers['content-encoding'];
  const plain = body.length === 0 ? body : await undoCodings(body, { header, maxBytes, what });
  return { content: contentOf(plain, headers), body: plain, bytes: plain.length };
}

/** As `decodeBody`, but what is large stays in a file. */
export async function decodeSpooled(body: Spooled, { headers, maxBytes, what }: DecodeOptions): Promise<DecodedBody> {
  const header = headers['content-encoding'];
  const plain = body.length === 0 ? body : await undoSpooled(body, { header, maxBytes, what });
  if (Buffer.isBuffer(plain)) return { content: contentOf(plain, headers), body: plain, bytes: plain.length };
  const content = new LargeText(plain, (bytes) => contentOf(bytes, headers));
  return { content, body: Buffer.alloc(0), large: plain, bytes: plain.length };
}

function contentOf(body: Buffer, headers: DecodeOptions['headers']): DecodedBody['content'] {
  const declared = charsetOfType(headers['content-type']) ?? misplacedCharset(headers['content-encoding']);
  const mark = charsetOfMark(body);
  const charset = mark ?? declared ?? 'utf-8';
  if (!isWide(charset)) {
    if (isAscii(body)) return new BodyText(body, true);
    // RFC 8259 §8.1: a byte order mark may be ignored, and JSON.parse does not. Text that is valid UTF-8 is UTF-8, whatever
    // its charset is said to be: many servers state their default.
    if (isUtf8(body)) return new BodyText(mark === 'utf-8' ? body.subarray(3) : body, false);
  }
  if (isGzip(body)) return nothing('answered a gzip file; if the partner always does, write compression: gzip');
  if (isZip(body)) return nothing('answered a zip file; if the partner always does, write compression: zip');
  if (!isCharset(charset)) return nothing('answered text in a charset that is not known');
  const text = decodeText(body, charset);
  return text === undefined
    ? nothing('answered text that is not valid in its charset')
    : { text, outline: text, ascii: false };
}

const nothing = (noText: string): DecodedBody['content'] => ({ text: '', outline: '', ascii: true, noText });

export const charsetOfType = (type: string | undefined): string | undefined =>
  /;\s*charset\s*=\s*["']?([^"';\s]+)/i.exec(type ?? '')?.[1];
