import { assertNever } from '../../../core/assert-never.ts';
import { atOnce, inSteps } from '../../../core/in-steps.ts';
import { sliceElements } from '../../../core/json.ts';
import type { SourceAnswer } from '../../../core/source.ts';
import type { StreamDefinition } from '../../../definitions/definition.ts';
import { compressionOf, formatOf, type Format } from '../../../definitions/formats.ts';
import { shapeOf } from '../../../definitions/records.ts';
import type { BodyRead } from './body-read.ts';
import { csvRows, csvRowsInSteps, type CsvRows } from './csv-rows.ts';
import { readCsv } from './read-csv.ts';
import { readJson } from './read-json.ts';
import { linesOf, readNdjson, type NdjsonLine } from './read-ndjson.ts';
import { readXml } from './read-xml.ts';
import { textsOf, type FormattedText } from './text-of.ts';
import { listOfOne, textOfJson, typedBy } from './typed-values.ts';
import { xmlTree } from './xml-tree.ts';

/** The texts of an answer's files, parsed. */
interface Prepared {
  readonly texts: readonly FormattedText[];
  readonly parsed: readonly unknown[];
}

/** Below this an answer is parsed at once: it takes no longer than a page of JSON. */
const SMALL = 512 * 1024;

/** Parses a large answer a step at a time, where its format is slow to parse; undefined: `readBody` does it. */
export async function prepareBody(stream: StreamDefinition, answer: SourceAnswer): Promise<Prepared | undefined> {
  const format = formatOf(stream.format);
  const size = answer.files?.reduce((sum, file) => sum + file.length, 0) ?? answer.bytes;
  if (format.type === 'json' || size < SMALL || answer.status !== 200) return undefined;
  const texts = textsOf(answer, format, compressionOf(stream.compression) !== undefined);
  const parsed: unknown[] = [];
  for (const text of texts) parsed.push(await parseInSteps(text, format));
  return { texts, parsed };
}

/** What an answer holds, in whatever format it is written; files of an archive one after the other. */
export function readBody(stream: StreamDefinition, answer: SourceAnswer): BodyRead {
  const format = formatOf(stream.format);
  const prepared = answer.prepared as Prepared | undefined;
  const texts = prepared?.texts ?? textsOf(answer, format, compressionOf(stream.compression) !== undefined);
  const read = readerOf(stream);
  const [first, ...others] = texts.map((from, i) => {
    const part = read(from, prepared === undefined ? parseAtOnce(from, format) : prepared.parsed[i]);
    // What is not the text of the answer itself has no place there.
    return from.isAnswer ? part : withTexts(part, from);
  });
  if (first === undefined) throw new Error('an answer has at least one file');
  return others.length === 0 ? first : joined([first, ...others]);
}

function parseAtOnce(from: FormattedText, format: Format): unknown {
  switch (format.type) {
    case 'json':
      return undefined;
    case 'ndjson':
      return atOnce(linesOf(from));
    case 'csv':
      return csvRows(from, format);
    case 'xml':
      return atOnce(xmlTree(from, format));
    default:
      return assertNever(format);
  }
}

async function parseInSteps(from: FormattedText, format: Exclude<Format, { type: 'json' }>): Promise<unknown> {
  switch (format.type) {
    case 'ndjson':
      return inSteps(linesOf(from));
    case 'csv':
      return csvRowsInSteps(from, format);
    case 'xml':
      return inSteps(xmlTree(from, format));
    default:
      return assertNever(format);
  }
}

/** Reads what was parsed by the stream's format. */
function readerOf(stream: StreamDefinition): (from: FormattedText, parsed: unknown) => BodyRead {
  const format = formatOf(stream.format);
  const shape = shapeOf(stream.records);
  switch (format.type) {
    case 'json':
      return (from) => readJson(from, shape);
    case 'ndjson':
      return (from, lines) => readNdjson(from, lines as readonly NdjsonLine[], shape);
    case 'csv': {
      const reading = { format, shape, needed: neededBy(stream), typed: typedBy(stream.schema, textOfJson) };
      return (from, rows) => readCsv(from, rows as CsvRows, reading);
    }
    case 'xml': {
      const reading = { shape, typed: typedBy(stream.schema, listOfOne) };
      return (from, tree) => readXml(from, tree as Readonly<Record<string, unknown>>, reading);
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
