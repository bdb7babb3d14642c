import { isUtf8 } from 'node:buffer';
import type { Answer } from '../../core/page.ts';
import { charsetOfMark, decodeText } from '../../core/charset.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { StreamDefinition } from '../../definitions/definition.ts';
import { formatOf } from '../../definitions/formats.ts';
import { isGzip, openFiles } from '../../http/open-files.ts';
import { encodeText } from '../../recordings/encode-text.ts';
import type { Exchange } from '../../recordings/recording.ts';
import { writtenBy, type Written } from '../../recordings/written.ts';
import { charsetOf, textsOf } from '../../sources/declared/formats/text-of.ts';
import { sourceOf } from '../../sources/source-of.ts';

/** An answer whose files, if it is an archive, are open. */
export interface OpenedAnswer {
  readonly answer: Answer;
  readonly files: readonly Buffer[];
  readonly packed: Exchange['packed'];
}

export async function openRecorded(stream: CompiledStream, answer: Answer): Promise<OpenedAnswer> {
  const { compression } = sourceOf(stream);
  const { body, bytes, status } = answer;
  if (compression === undefined || bytes === 0 || status >= 300) return { answer, files: [body], packed: undefined };
  const files = await openFiles(body, compression, stream.partner.maxBytes);
  return { answer, files, packed: files[0] === body ? undefined : isGzip(body) ? 'gzip' : 'zip' };
}

/** Code reads bytes as it likes. Where they are no UTF-8, each of them is kept as a character of a charset that has one for every byte. */
export function writtenIn({ definition }: CompiledStream, opened: readonly OpenedAnswer[]): Written {
  if (definition.source === undefined) {
    const written = writtenBy(definition);
    const encoding = ownCharset(definition, opened);
    return encoding === undefined ? written : { ...written, format: { ...formatOf(written.format), encoding } };
  }
  const areTexts = opened.every(({ files }) => files.every((file) => isUtf8(file)));
  return { format: areTexts ? 'json' : { type: 'json', encoding: EVERY_BYTE }, records: [] };
}

/** XML may say itself what it is written in: so it has to be played like that. undefined: the answers do not agree, or cannot be written again. */
function ownCharset({ format: given }: StreamDefinition, opened: readonly OpenedAnswer[]): string | undefined {
  const format = formatOf(given);
  if (format.type !== 'xml' || format.encoding !== undefined) return undefined;
  const all = opened
    .filter(({ answer }) => answer.status < 300)
    .flatMap(({ answer, files, packed }) => {
      const type = packed === undefined ? answer.headers['content-type'] : undefined;
      return files.map((file) => ({ file, charset: charsetOf(file, format, type) }));
    });
  const [charset, ...others] = new Set(all.flatMap((each) => each.charset ?? []));
  if (charset === undefined || others.length > 0) return undefined;
  const areSame = all.every(({ file }) =>
    encodeText(withMark(file, decodeText(file, charset) ?? ''), charset)?.equals(file),
  );
  return areSame ? charset : undefined;
}

/** A document in UTF-16 begins with a mark, by which readers know it. */
const withMark = (file: Buffer, text: string): string => (charsetOfMark(file) === undefined ? text : `\ufeff${text}`);

/** WHATWG Encoding §9: all 256 bytes have a character of their own. */
const EVERY_BYTE = 'windows-1252';

/** The texts of an answer, or of the files in it, in which charset they ever came. */
export function recordedTexts(
  stream: CompiledStream,
  { answer, files }: OpenedAnswer,
  { format }: Written,
): readonly string[] {
  const { status, headers, text, bytes } = answer;
  const { encoding = 'utf-8' } = formatOf(format);
  if (stream.definition.source !== undefined) return files.map((file) => new TextDecoder(encoding).decode(file));
  // What is said instead of records is said in a text.
  if (bytes === 0 || status >= 300) return [text];
  const isPacked = sourceOf(stream).compression !== undefined;
  const read = textsOf({ status, headers, text, bytes, url: '', files }, formatOf(stream.definition.format), isPacked);
  return read.map((each, i) => {
    const file = files[i];
    return formatOf(format).type === 'xml' && file !== undefined ? withMark(file, each.text) : each.text;
  });
}
