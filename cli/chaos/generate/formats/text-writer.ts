import { assertNever } from '../../../../core/assert-never.ts';
import { randomOf } from '../../../../simulator/random.ts';
import type { CompiledStream } from '../../../../definitions/compiled.ts';
import { formatOf } from '../../../../definitions/formats.ts';
import { shapeOf, stepsOf } from '../../../../definitions/records.ts';
import type { Draw } from '../plain-schema.ts';
import type { Made } from '../record-of.ts';
import { csvWriter } from './csv-writer.ts';
import type { Content } from './content.ts';
import { xmlText } from './xml-text.ts';

/** Writes what answers hold in the format of their stream. */
export interface TextWriter {
  readonly contentType: string;
  /** What its records have to be. */
  readonly kind: Pick<Draw, 'isWhole' | 'nulls' | 'words'>;
  /** A record as the format has it. */
  readonly fit: (record: Made) => Made;
  /** undefined: the format cannot write one of the values. */
  readonly write: (content: Content['value']) => string | undefined;
}

const plain = { kind: {}, fit: (record: Made): Made => record };

/** What the format leaves open, such as line ends and quotes that need not be there, depends on the seed. */
export function textWriter({ definition }: CompiledStream, seed: readonly number[]): TextWriter {
  const format = formatOf(definition.format);
  const random = randomOf(...seed);
  const coin = (): boolean => random() < 1 / 2;
  switch (format.type) {
    case 'json':
      return { ...plain, contentType: 'application/json', write: (content) => JSON.stringify(content) };
    case 'ndjson': {
      const lineEnd = coin() ? '\n' : '\r\n';
      const last = coin() ? lineEnd : '';
      return {
        ...plain,
        contentType: 'application/x-ndjson',
        write: (content) =>
          Array.isArray(content) && content.length > 0
            ? content.map((line) => JSON.stringify(line)).join(lineEnd) + last
            : '',
      };
    }
    case 'csv':
      return csvWriter(definition, format, {
        lineEnd: coin() ? '\n' : '\r\n',
        quoted: coin(),
        isMarked: coin(),
        isEnded: coin(),
      });
    case 'xml': {
      const style = {
        format,
        records: stepsOf(shapeOf(definition.records).path),
        isIndented: coin(),
        hasCdata: coin(),
      };
      return { ...plain, contentType: 'application/xml', write: (content) => xmlText(content as Made, style) };
    }
    default:
      return assertNever(format);
  }
}
