import { RetryLater } from '../../../core/errors.ts';
import { writeExactly } from '../../../core/exact-json.ts';
import { parseJson } from '../../../core/json.ts';
import { plainPath, type RecordsShape } from '../../../definitions/records.ts';
import { shapeRecords } from '../shape-records.ts';
import type { BodyRead } from './body-read.ts';
import type { FormattedText } from './text-of.ts';

export interface NdjsonLine {
  readonly number: number;
  readonly text: string;
  readonly value: unknown;
  readonly isJson: boolean;
}

/** One JSON text in a line. A line that is none is a record that goes into quarantine, but where the body seems to be cut there. */
export function readNdjson({ text, kind }: FormattedText, lines: readonly NdjsonLine[], shape: RecordsShape): BodyRead {
  if (text.trim() === '') {
    if (shape.missing === 'empty') return { body: [], listed: [], records: [] };
    throw new RetryLater(
      `expected NDJSON, found an empty body (${kind}). If this means that there are no records, write records: { missing: empty }`,
    );
  }
  const [first] = lines;
  const last = lines.at(-1);
  if (first?.isJson === false)
    throw new RetryLater(`expected NDJSON, found something else: line ${first.number} is no JSON (${kind})`);
  if (last?.isJson === false && !text.endsWith('\n'))
    throw new RetryLater(`the NDJSON ends within line ${last.number}: a part of it is missing (${kind})`);
  const body = lines.map(({ value }) => value);
  if (plainPath(shape) === '') {
    const faults = new Map(
      lines.flatMap(({ isJson }, i) => (isJson ? [] : [[i, 'expected JSON in the line'] as const])),
    );
    return { body, listed: body, records: body, texts: lines.map((line) => line.text), faults };
  }
  const wrong = lines.find(({ isJson }) => !isJson);
  // Which records it would have been, nobody can tell.
  if (wrong !== undefined) throw new RetryLater(`line ${wrong.number} of the NDJSON is no JSON (${kind})`);
  const { records, listed, faults } = shapeRecords(body, shape);
  const whole = `[${lines.map((line) => line.text).join(',')}]`;
  const texts = writeExactly(whole, (again) => shapeRecords(again, shape).records);
  if (texts === undefined) return { body, listed, records, faults };
  return { body, listed, records: texts.map((each) => parseJson(each)), texts, faults };
}

/** RFC 7464 puts one before each text. */
const RECORD_SEPARATOR = '\u001e';

/** Lines that are parsed in some ten milliseconds. */
const STEP = 2000;

export function* linesOf({ text }: FormattedText): Generator<void, readonly NdjsonLine[]> {
  const lines: NdjsonLine[] = [];
  let number = 0;
  for (const raw of text.split('\n')) {
    number += 1;
    const line = (raw.startsWith(RECORD_SEPARATOR) ? raw.slice(1) : raw).trim();
    if (line !== '') lines.push(lineOf(line, number));
    if (number % STEP === 0) yield;
  }
  return lines;
}

function lineOf(line: string, number: number): NdjsonLine {
  try {
    return { number, text: line, value: parseJson(line), isJson: true };
  } catch {
    return { number, text: JSON.stringify(line), value: line, isJson: false };
  }
}
