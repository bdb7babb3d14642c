import { RetryLater } from '../../../core/errors.ts';
import { writeExactly } from '../../../core/exact-json.ts';
import { parseJson, valueAt } from '../../../core/json.ts';
import { wordThatIsNoJson } from '../../../core/no-json.ts';
import { plainPath, type RecordsShape } from '../../../definitions/records.ts';
import { shapeRecords } from '../shape-records.ts';
import type { BodyRead } from './body-read.ts';
import { guessFormat } from './guess-format.ts';
import type { FormattedText } from './text-of.ts';

export function readJson(from: FormattedText, shape: RecordsShape): BodyRead {
  const body = parsed(from);
  const exactAt = plainPath(shape);
  const plain: unknown = exactAt === undefined ? undefined : valueAt(body, exactAt);
  if (exactAt !== undefined && Array.isArray(plain)) return { body, listed: plain, records: plain, exactAt };
  const { records, listed, faults } = shapeRecords(body, shape);
  const texts = writeExactly(from.text, (again) => shapeRecords(again, shape).records);
  if (texts === undefined) return { body, listed, records, faults };
  // What is kept is read again from its text, so the record has to be what that gives.
  return { body, listed, records: texts.map((text) => parseJson(text)), texts, faults };
}

function parsed({ text, kind }: FormattedText): unknown {
  if (text.trim() === '') throw new RetryLater(`expected JSON, found an empty body (${kind})`);
  try {
    return parseJson(text);
  } catch {
    // The parser's own message quotes the text, which may be a record.
    const guess = guessFormat(text, kind);
    throw new RetryLater(
      `expected JSON, found ${wordThatIsNoJson(text) ?? 'something else or a part of it'} (${kind})${guess === undefined ? '' : `; if the partner answers so, write format: ${guess}`}`,
    );
  }
}
