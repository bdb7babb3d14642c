import type { Answer } from '../../core/page.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { formatOf } from '../../definitions/formats.ts';
import { isGzip, openFiles } from '../../http/open-files.ts';
import type { Exchange } from '../../recordings/recording.ts';
import { textsOf } from '../../sources/declared/formats/text-of.ts';
import { sourceOf } from '../../sources/source-of.ts';

/** The texts of an answer, or of the files in it, in which charset they ever came. */
export async function recordedTexts(
  stream: CompiledStream,
  answer: Answer,
): Promise<{ readonly texts: readonly string[]; readonly packed: Exchange['packed'] }> {
  const { compression } = sourceOf(stream);
  const { body, bytes, status, headers, text } = answer;
  // What is said instead of records is said in a text.
  if (bytes === 0 || status >= 300) return { texts: [text], packed: undefined };
  const files = compression === undefined ? [body] : await openFiles(body, compression, stream.partner.maxBytes);
  const texts = textsOf(
    { status, headers, text, bytes, url: '', files },
    formatOf(stream.definition.format),
    compression !== undefined,
  );
  const isPacked = compression !== undefined && files[0] !== body;
  return { texts: texts.map(({ text }) => text), packed: isPacked ? (isGzip(body) ? 'gzip' : 'zip') : undefined };
}
