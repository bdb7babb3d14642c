import { isAscii, isUtf8 } from 'node:buffer';
import { charsetOfMark, decodeText, isCharset, isWide } from '../../../core/charset.ts';
import { RetryLater } from '../../../core/errors.ts';
import { refuseTooLong } from '../../../core/text-length.ts';
import type { SourceAnswer } from '../../../core/source.ts';
import type { Format } from '../../../definitions/formats.ts';

/** A text, and how messages name it. */
export interface FormattedText {
  readonly text: string;
  /** Its content type and size. */
  readonly kind: string;
  /** It is the answer's own text, and not that of a file in it. */
  readonly isAnswer: boolean;
}

/** The texts of an answer's files. */
export function textsOf(answer: SourceAnswer, format: Format, isPacked: boolean): readonly FormattedText[] {
  const { files, headers, bytes } = answer;
  const type = headers['content-type'] ?? 'no content type';
  // XML says itself what it is written in; all else was decoded when it came.
  if (files === undefined || (!isPacked && format.encoding === undefined && format.type !== 'xml'))
    return [{ text: answer.text, kind: `${type}, ${bytes} bytes`, isAnswer: true }];
  return files.map((file, i) => ({
    text: decoded(file, format, isPacked ? undefined : type),
    kind:
      files.length === 1 ? `${type}, ${file.length} bytes` : `file ${i + 1} of ${files.length}, ${file.length} bytes`,
    isAnswer: false,
  }));
}

function decoded(bytes: Buffer, format: Format, type: string | undefined): string {
  refuseTooLong(bytes.length);
  const charset = charsetOf(bytes, format, type);
  if (charset === undefined) return bytes.toString('latin1');
  const text = isCharset(charset) ? decodeText(bytes, charset) : undefined;
  if (text === undefined)
    throw new RetryLater(
      `answered text that is not valid ${charset.slice(0, 40)}: if it is written in something else, say so, as in format: { type: ${format.type}, encoding: latin1 }`,
    );
  return text;
}

/** What the bytes are read as; undefined: they are ASCII, which is the same in all charsets that they may be in. */
export function charsetOf(bytes: Buffer, format: Format, type: string | undefined): string | undefined {
  const charset = format.encoding ?? charsetOfMark(bytes) ?? declaredIn(type) ?? writtenIn(bytes, format) ?? 'utf-8';
  if (isWide(charset)) return charset;
  if (isAscii(bytes)) return undefined;
  return format.encoding === undefined && isUtf8(bytes) ? 'utf-8' : charset;
}

/** RFC 7303 §3: this goes before what the document says of itself. */
const declaredIn = (type: string | undefined): string | undefined =>
  /;\s*charset\s*=\s*["']?([^"';\s]+)/i.exec(type ?? '')?.[1];

/** A declaration that can be read as ASCII is not in UTF-16, whatever it says. */
function writtenIn(bytes: Buffer, { type }: Format): string | undefined {
  if (type !== 'xml') return undefined;
  const [, charset] = /^<\?xml[^>]*?\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(bytes.toString('latin1', 0, 200)) ?? [];
  return charset === undefined || isWide(charset) ? undefined : charset;
}
