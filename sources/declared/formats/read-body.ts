import { assertNever } from '../../../core/assert-never.ts';
import { sliceElements } from '../../../core/json.ts';
import type { SourceAnswer } from '../../../core/source.ts';
import type { StreamDefinition } from '../../../definitions/definition.ts';
import { compressionOf, formatOf } from '../../../definitions/formats.ts';
import { shapeOf } from '../../../definitions/records.ts';
import type { BodyRead } from './body-read.ts';
import { readCsv } from './read-csv.ts';
import { readJson } from './read-json.ts';
import { readNdjson } from './read-ndjson.ts';
import { readXml } from './read-xml.ts';
import { textsOf, type FormattedText } from './text-of.ts';
import { listOfOne, textOfJson, typedBy } from './typed-values.ts';

/** What an answer holds, in whatever format it is written; files of an archive one after the other. */
export function readBody(stream: StreamDefinition, answer: SourceAnswer): BodyRead {
  const format = formatOf(stream.format);
  const isPacked = compressionOf(stream.compression) !== undefined;
  const texts = textsOf(answer, format, isPacked);
  const read = readerOf(stream);
  const [first, ...others] = texts.map((from) =>
    // What is not the text of the answer itself has no place there.
    from.isAnswer ? read(from) : withTexts(read(from), from),
  );
  if (first === undefined) throw new Error('an answer has at least one file');
  return others.length === 0 ? first : joined([first, ...others]);
}

function readerOf(stream: StreamDefinition): (from: FormattedText) => BodyRead {
  const format = formatOf(stream.format);
  const shape = shapeOf(stream.records);
  switch (format.type) {
    case 'json':
      return (from) => readJson(from, shape);
    case 'ndjson':
      return (from) => readNdjson(from, shape);
    case 'csv': {
      const reading = { format, shape, needed: neededBy(stream), typed: typedBy(stream.schema, textOfJson) };
      return (from) => readCsv(from, reading);
    }
    case 'xml': {
      const reading = { format, shape, typed: typedBy(stream.schema, listOfOne) };
      return (from) => readXml(from, reading);
    }
    default:
      return assertNever(format);
  }
}

const neededBy = ({ primaryKey, version, incremental, parent }: StreamDefinition): readonly string[] =>
  [...primaryKey, ...version, ...(incremental === undefined ? [] : [incremental.field])].filter(
    (name) => name !== parent?.include,
  );

function withTexts({ exactAt, ...read }: BodyRead, { text }: FormattedText): BodyRead {
  const texts = exactAt === undefined ? read.texts : sliceElements(text, exactAt, read.records);
  return texts === undefined ? read : { ...read, texts };
}

function joined(parts: readonly BodyRead[]): BodyRead {
  const faults = new Map<number, string>();
  let before = 0;
  for (const part of parts) {
    for (const [index, fault] of part.faults ?? []) faults.set(before + index, fault);
    before += part.records.length;
  }
  return {
    body: parts[0]?.body,
    records: parts.flatMap(({ records }) => records),
    listed: parts.flatMap(({ listed }) => listed),
    texts: parts.flatMap(({ records, texts }) => texts ?? records.map((record) => JSON.stringify(record))),
    faults,
  };
}
