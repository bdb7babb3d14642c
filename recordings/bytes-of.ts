import { gzipSync } from 'node:zlib';
import { InvalidInput } from '../core/errors.ts';
import { formatOf } from '../definitions/formats.ts';
import { encodeText } from './encode-text.ts';
import type { Exchange } from './recording.ts';
import type { Written } from './written.ts';
import { zipFile } from './zip-file.ts';

/** The texts of an answer: one, or those of the files in it. */
export const textsOf = ({ text, files }: Pick<Exchange, 'text' | 'files'>): readonly string[] => files ?? [text];

/** An answer's body as it goes over the wire. @throws {InvalidInput} its charset has no bytes for it. */
export function bytesOf(texts: readonly string[], packed: Exchange['packed'], { format, files }: Written): Buffer {
  const { encoding = 'utf-8' } = formatOf(format);
  const all = texts.map((text) => {
    const bytes = encodeText(text, encoding);
    if (bytes === undefined) throw new InvalidInput(`an answer holds what cannot be written in ${encoding}`);
    return bytes;
  });
  if (packed === 'zip') return zipFile(all.map((data, i) => ({ name: nameOf(files, i), data })));
  const [first = Buffer.alloc(0)] = all;
  return packed === 'gzip' ? gzipSync(first) : first;
}

/** A name that the pattern takes. */
const nameOf = (pattern: string | undefined, index: number): string =>
  (pattern ?? 'part-*').replaceAll('*', String(index + 1));
