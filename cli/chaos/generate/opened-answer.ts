import { RetryLater } from '../../../core/errors.ts';
import type { SourceAnswer } from '../../../core/source.ts';
import type { CompiledStream } from '../../../definitions/compiled.ts';
import { decodeBody } from '../../../http/decode-body.ts';
import { openFiles } from '../../../http/open-files.ts';
import { bytesOf, textsOf } from '../../../recordings/bytes-of.ts';
import type { Exchange } from '../../../recordings/recording.ts';
import type { Written } from '../../../recordings/written.ts';
import type { Source } from '../../../core/source.ts';

/** What a worker has of the answer when it has come over the wire. */
export async function openedAnswer(
  { partner: { maxBytes } }: CompiledStream,
  { status, headers, ...exchange }: Pick<Exchange, 'status' | 'headers' | 'text' | 'packed' | 'files'>,
  {
    url,
    written,
    compression,
  }: { readonly url: string; readonly written: Written; readonly compression: Source['compression'] },
): Promise<SourceAnswer> {
  const bytes = bytesOf(textsOf(exchange), exchange.packed, written);
  const { content, body } = await decodeBody(bytes, { headers, maxBytes, what: 'a generated answer' });
  const files = compression === undefined || bytes.length === 0 ? [body] : await openFiles(body, compression, maxBytes);
  return {
    status,
    headers,
    url,
    bytes: bytes.length,
    files,
    get text() {
      if (content.noText !== undefined) throw new RetryLater(content.noText);
      return content.text;
    },
  };
}
