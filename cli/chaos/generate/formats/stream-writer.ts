import { valueAt } from '../../../../core/json.ts';
import type { CompiledStream } from '../../../../definitions/compiled.ts';
import { compressionOf, formatOf } from '../../../../definitions/formats.ts';
import { shapeOf, stepsOf } from '../../../../definitions/records.ts';
import type { Exchange } from '../../../../recordings/recording.ts';
import { writtenBy, type Written } from '../../../../recordings/written.ts';
import { readBody } from '../../../../sources/declared/formats/read-body.ts';
import { encodeText } from '../../../../recordings/encode-text.ts';
import { CannotGenerate } from '../cannot-generate.ts';
import { beforeLift } from '../before-lift.ts';
import { WORDS } from '../plain-schema.ts';
import type { Made } from '../record-of.ts';
import { Content } from './content.ts';
import { textWriter, type TextWriter } from './text-writer.ts';

export type Packed = Pick<Exchange, 'status' | 'text' | 'packed' | 'files'> & { readonly contentType: string };

/** Writes the answers of a stream as its definition says that they come. */
export interface StreamWriter extends Pick<TextWriter, 'kind' | 'fit'> {
  readonly written: Written;
  /** Throws CannotGenerate where a value cannot be written. `number`: of the page, from 0. */
  readonly page: (content: Content['value'], number: number) => Packed;
  /** A record as whoever reads the answer has it; undefined: it cannot be written. Throws what the reader throws. */
  readonly readBack: (record: Made) => unknown;
}

export function streamWriter(stream: CompiledStream, seed: readonly number[]): StreamWriter {
  const { definition } = stream;
  const shape = shapeOf(definition.records);
  const steps = stepsOf(shape.path);
  const { kind, fit, write, contentType } = textWriter(stream, seed);
  const compression = compressionOf(definition.compression);
  const { encoding = 'utf-8', type } = formatOf(definition.format);
  const textOf = (content: Content['value']): string => {
    const text = write(content);
    if (text === undefined) throw new CannotGenerate(`${type} cannot hold one of the values of a page`);
    return text;
  };
  const { words = WORDS } = kind;
  return {
    kind: { ...kind, words: words.filter((word) => encodeText(word, encoding) !== undefined) },
    fit,
    written: writtenBy(definition),
    page: (content, number) => {
      const packed = packing(compression?.type, number);
      // Neither a text without anything in it nor a root without elements says by itself that there is nothing.
      const isSilent = Array.isArray(content) ? textOf(content) === '' : type === 'xml' && isEmptyAt(content, steps);
      if (isSilent && number === 0 && shape.missing !== 'empty') return { status: 204, text: '', contentType };
      if (packed === undefined) return { status: 200, text: textOf(content), contentType };
      const parts = packed === 'zip' && Array.isArray(content) && content.length > 1 ? halves(content) : [content];
      return { status: 200, text: '', packed, files: parts.map(textOf), contentType: `application/${packed}` };
    },
    readBack: (record) => {
      if (type === 'json' && encoding === 'utf-8') return record;
      const text = write(new Content(steps, [beforeLift(record, definition)]).value);
      const bytes = text === undefined ? undefined : encodeText(text, encoding);
      if (text === undefined || bytes === undefined) return undefined;
      const answer = { status: 200, headers: { 'content-type': contentType }, url: '', bytes: bytes.length };
      const { records, faults } = readBody(definition, {
        ...answer,
        text: text.replace(/^\uFEFF/, ''),
        files: [bytes],
      });
      return records.length === 1 && (faults?.size ?? 0) === 0 ? records[0] : undefined;
    },
  };
}

/** Where it may be any of them, pages take turns. */
function packing(type: 'gzip' | 'zip' | 'auto' | undefined, number: number): Exchange['packed'] {
  return type === 'auto' ? ([undefined, 'gzip', 'zip'] as const)[number % 3] : type;
}

function halves<T>(list: readonly T[]): readonly (readonly T[])[] {
  const half = list.length >> 1;
  return [list.slice(0, half), list.slice(half)];
}

function isEmptyAt(content: Content['value'], steps: readonly string[]): boolean {
  const list = valueAt(content, steps);
  return Array.isArray(list) && list.length === 0;
}
