import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { canonicalJson, canonicalPlainJson } from '../core/canonical.ts';
import { columnText, hasLoneSurrogate, jsonText, quickColumnText, type ColumnText } from '../core/column-text.ts';
import { NeedsAttention } from '../core/errors.ts';
import { besideNames } from '../core/field-names.ts';
import { exactJson, holdsExact, isExactNumber } from '../core/exact-numbers.ts';
import { isInherited, ownField } from '../core/inherited.ts';
import { valueAt } from '../core/json.ts';
import { keyPart, keyText } from '../core/key-text.ts';
import { sha128 } from '../core/page-key.ts';
import type { RowTransform } from '../core/transform.ts';
import { versionOf } from '../core/version.ts';
import type { Column, CompiledStream, Mismatch } from '../definitions/compiled.ts';
import type { Contract } from '../definitions/contract.ts';
import { contractFor, mayChange, stops, takeByContract } from './by-contract.ts';
import type { Received } from './received.ts';
import { byNewNames } from './by-new-names.ts';
import { childMisfit } from './child-misfit.ts';
import { offersOf, relatedBy } from './related-by.ts';
import { transformedRow } from './transformed-row.ts';
import { stageDelete } from './stage-delete.ts';
import type { LineWriter, RejectedRecord, StagedRecord } from '../core/staged.ts';

export interface Staged {
  readonly records: readonly StagedRecord[];
  readonly rejected: readonly RejectedRecord[];
}

/**
 * An index of PostgreSQL takes 2704 bytes of a row, 8 of them its own; a text of more than 126 bytes begins with 4, at a multiple of 4.
 * How well a key can be compressed, which would let in longer ones, is left out: it should not depend on that.
 */
const MAX_KEY_BYTES = 2704 - 8;
const OF_A_TEXT = 8;
/** Of the other types of keys, and the hash that an `append` has in its index. */
const OF_OTHERS = 24;
/** No key of so many characters can be too long. */
const SHORT_KEY = 600;
/** What quarantine keeps of a key. */
const SHOWN_KEY = 600;

/** Checks each record and works out all that the warehouse needs of it. A record that does not fit is kept, with why. */
export function stageRecords(
  stream: CompiledStream,
  received: readonly Received[],
  lines: Pick<LineWriter, 'add'>,
  firstOrdinal = 0,
): Staged {
  const isPlain =
    !(stream.definition.schema instanceof z.ZodType) &&
    stream.definition.parent?.include === undefined &&
    // What is made of a record may need escapes that the record does not.
    stream.transform === undefined;
  const names = stream.columns.map(({ path }) =>
    path.length === 1 && !isInherited(path[0] as string) ? path[0] : undefined,
  );
  const stage: Stage = {
    stream,
    lines,
    names,
    eventTimeAt: eventTimeColumn(stream),
    isPlain,
    contract: contractFor(stream),
  };
  const records: StagedRecord[] = [];
  const rejected: RejectedRecord[] = [];
  received.forEach((item, index) => {
    const staged = stageRecord(stage, item, firstOrdinal + index);
    if ('reason' in staged) rejected.push(staged);
    else records.push(staged);
  });
  const stopping = rejected.find((one) => stops(stream, one));
  if (stopping !== undefined) throw frozen(stream, stopping);
  return { records, rejected };
}

const STEP = 25;

/** The same a step at a time: in between, the database gets what it waits for and the partner's answers are taken in. */
export async function stageInSteps(
  stream: CompiledStream,
  received: readonly Received[],
  lines: Pick<LineWriter, 'add'>,
  firstOrdinal = 0,
): Promise<Staged> {
  const records: StagedRecord[] = [];
  const rejected: RejectedRecord[] = [];
  for (let from = 0; from < received.length; from += STEP) {
    const staged = stageRecords(stream, received.slice(from, from + STEP), lines, firstOrdinal + from);
    records.push(...staged.records);
    rejected.push(...staged.rejected);
    await setImmediate();
  }
  return { records, rejected };
}

/** What is the same for all records of a page. */
interface Stage {
  readonly stream: CompiledStream;
  readonly lines: Pick<LineWriter, 'add'>;
  /** Per column: the field of the record; undefined where more than a look is needed. */
  readonly names: readonly (string | undefined)[];
  /** Index of the column that says when it happened; -1 if none does. */
  readonly eventTimeAt: number;
  /** Records are made of their payloads alone: no zod transform, no added field. */
  readonly isPlain: boolean;
  /** Says more than the schema of what lands. */
  readonly contract: Contract | undefined;
}

function stageRecord(
  { stream, lines, names, eventTimeAt, isPlain, contract }: Stage,
  { record: came, payload, ascii, fault }: Received,
  ordinal: number,
): StagedRecord | RejectedRecord {
  const plain = isPlain && needsNoEscape(payload);
  const text = writable(came, plain);
  if (text === undefined) {
    const mismatch = { path: '', reason: 'nested too deeply' };
    return { ordinal, key: null, ...mismatch, hash: sha128(payload), payload };
  }
  const hash = sha128(text);
  const record = stream.aliases === undefined ? came : byNewNames(came, stream.aliases);
  if (fault !== undefined) return reject({ path: '', reason: fault }, { stream, record, payload, hash, ordinal });
  if (stream.isDelete?.(record) === true) {
    const gone = stageDelete(stream, record);
    if ('reason' in gone) return reject(gone, { stream, record, payload, hash, ordinal });
    const { columns, ...of } = gone;
    const misfit = keyMisfit(stream, columns, { value: record, plain: false });
    if (misfit !== undefined) return reject(misfit, { stream, record, payload, hash, ordinal });
    const line = {
      ...of,
      operation: 'd' as const,
      ordinal,
      hash,
      eventTime: null,
      payload,
      columns,
      plain: false,
      ascii,
    };
    return lines.add(stream.relations === undefined ? line : { ...line, ...offersOf(stream, of) });
  }
  const besides = contract === undefined ? undefined : new Set<string>();
  const parsed =
    contract === undefined || besides === undefined
      ? stream.parse(record)
      : takeByContract(stream, { contract, besides }, record);
  if ('mismatch' in parsed) return reject(parsed.mismatch, { stream, record, payload, hash, ordinal });

  const { value } = parsed;
  const misplaced = stream.children === undefined ? undefined : childMisfit(stream.children, value);
  if (misplaced !== undefined) return reject(misplaced, { stream, record, payload, hash, ordinal });
  const exact = holdsExact(record);
  const columns: (string | null)[] = [];
  if (stream.transform !== undefined) {
    const textOf = (column: Column): ColumnText => textAt(column, { value, record, exact });
    const evolves = (field: string): boolean => {
      if (contract === undefined || !mayChange(contract, field)) return false;
      besides?.add(field);
      return true;
    };
    const texts = transformedRow({ transform: stream.transform, value, textOf, evolves });
    if ('reason' in texts) return reject(texts, { stream, record, payload, hash, ordinal });
    columns.push(...texts);
  } else
    for (let i = 0; i < stream.columns.length; i++) {
      const column = stream.columns[i] as Column;
      const name = names[i];
      const field = name === undefined ? valueAt(value, column.path) : value[name];
      const quick =
        plain && column.read === undefined && !(exact && column.type === 'json')
          ? quickColumnText(column.type, field)
          : undefined;
      if (quick !== undefined) {
        columns[i] = quick;
        continue;
      }
      const cell = textAt(column, { value, record, exact });
      if ('reason' in cell && contract !== undefined && mayChange(contract, column.path[0] as string)) {
        besides?.add(column.path[0] as string);
        columns[i] = null;
        continue;
      }
      if ('reason' in cell)
        return reject({ path: column.path.join('.'), reason: cell.reason }, { stream, record, payload, hash, ordinal });
      columns[i] = cell.text;
    }
  const extra = extraText(stream, record, besides);
  if (extra !== null && 'reason' in extra) return reject(extra, { stream, record, payload, hash, ordinal });
  columns[stream.columns.length] = extra === null ? null : extra.text;

  const { keyColumns } = stream;
  for (let i = 0; i < keyColumns.length; i++) {
    const { type, path } = keyColumns[i] as Column;
    const text = columns[i];
    if (text === null || text === undefined)
      return reject(
        { path: path.join('.'), reason: 'expected a value for the primary key, found an empty time' },
        { stream, record, payload, hash, ordinal },
      );
    columns[i] = keyPart(type, text);
  }
  const key =
    keyColumns.length === 1 ? (columns[0] as string) : keyText(columns.slice(0, keyColumns.length) as string[]);
  const misfit = key === null ? undefined : keyMisfit(stream, columns, { value, plain });
  if (misfit !== undefined) return reject(misfit, { stream, record, payload, hash, ordinal });
  const version = versionOf(value, stream.version);
  const eventTime = stream.transform === undefined ? (columns[eventTimeAt] ?? null) : timeOf(stream.transform, value);
  const line = { ordinal, key, version, hash, eventTime, payload, columns, plain, ascii };
  if (stream.relations === undefined) return lines.add(line);
  const related = relatedBy(stream, { value, key, columns });
  return 'reason' in related
    ? reject(related, { stream, record, payload, hash, ordinal })
    : lines.add({ ...line, ...related });
}

/** As it came, whatever its column shows. */
function timeOf({ eventTime }: RowTransform, value: unknown): string | null {
  if (eventTime === undefined) return null;
  const made = cellOf(eventTime, valueAt(value, eventTime.path));
  return 'text' in made ? made.text : null;
}

/** The text that a column has of a checked record. */
function textAt(
  column: Column,
  { value, record, exact }: { readonly value: unknown; readonly record: unknown; readonly exact: boolean },
): ColumnText {
  const field = valueAt(value, column.path);
  return exact && column.type === 'json' ? jsonCell(field, record as object, column.path) : cellOf(column, field);
}

/** A JSON column of a record with numbers that no double holds. */
function jsonCell(field: unknown, record: object, path: readonly string[]): ColumnText {
  const holder = valueAt(record, path.slice(0, -1));
  const name = path.at(-1) as string;
  const isNumber =
    typeof holder === 'object' && holder !== null && isExactNumber(holder, name) && valueAt(holder, [name]) === field;
  if (isNumber) return { text: field as string };
  const text = exactJson(field, valueAt(record, path));
  return field === null || field === undefined ? { text: null } : jsonText(text, field);
}

const cellOf = ({ type, read }: Column, field: unknown): ColumnText =>
  read === undefined ? columnText(type, field) : read(field);

/**
 * Strings in JSON cannot hold control characters or quotes but behind a backslash: without one, none of the record's strings
 * needs an escape anywhere. Between its tokens a payload may be indented, and COPY minds that.
 */
const needsNoEscape = (payload: string): boolean =>
  !payload.includes('\\') && !payload.includes('\n') && !payload.includes('\t') && !payload.includes('\r');

/** undefined for what is nested so deeply that JavaScript's stack does not reach its end (nor PostgreSQL's). */
function writable(record: unknown, plain: boolean): string | undefined {
  try {
    return plain ? canonicalPlainJson(record) : canonicalJson(record);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** What makes a key none that the warehouse could keep apart from others. */
function keyMisfit(
  { keyColumns, definition }: CompiledStream,
  texts: readonly (string | null)[],
  { value, plain }: { readonly value: unknown; readonly plain: boolean },
): Mismatch | undefined {
  if (!plain)
    for (const { path } of keyColumns) {
      const part = valueAt(value, path);
      if (typeof part === 'string' && hasLoneSurrogate(part))
        return {
          path: path.join('.'),
          reason: 'the key holds half of a surrogate pair, which UTF-8 cannot write: two such keys would be one',
        };
    }
  let chars = 0;
  for (let i = 0; i < keyColumns.length; i++) chars += (texts[i] as string).length;
  if (chars <= SHORT_KEY && keyColumns.length <= 8) return undefined;
  const sizes = keyColumns.map(({ type }, i) =>
    type === 'text' || type === 'number' ? Buffer.byteLength(texts[i] as string) + OF_A_TEXT : OF_OTHERS,
  );
  const most = MAX_KEY_BYTES - (definition.disposition === 'append' ? OF_OTHERS : 0);
  const size = sizes.reduce((sum, each) => sum + each, 0);
  if (size <= most) return undefined;
  const longest = keyColumns[sizes.indexOf(Math.max(...sizes))] as Column;
  return {
    path: longest.path.join('.'),
    reason: `expected a key of at most ${most - OF_A_TEXT} bytes, found ${size - OF_A_TEXT}: PostgreSQL's index takes no more`,
  };
}

/** What no column takes. Transforms may leave it out, and what they hide of a field is not shown there either. */
function extraText(
  stream: CompiledStream,
  record: unknown,
  besides: ReadonlySet<string> | undefined,
): ReturnType<typeof extraOf> {
  const { transform } = stream;
  if (transform === undefined) return extraOf(stream, record, besides);
  if (transform.dropsExtra) return null;
  const isShown = (name: string): boolean =>
    !transform.hidden.some((field) => field === name || field.startsWith(`${name}.`));
  return extraOf(stream, record, besides === undefined ? undefined : new Set([...besides].filter(isShown)));
}

/** Fields without a column of their own, as one JSON object; null when there are none. */
function extraOf(
  stream: CompiledStream,
  record: unknown,
  besides: ReadonlySet<string> | undefined,
): { readonly text: string } | Mismatch | null {
  let extra: Record<string, unknown> | undefined;
  // Not Object.keys: it would make an array of each record's names. What JSON.parse makes inherits nothing that is enumerable.
  for (const name in record as object)
    // Without a prototype, a field named __proto__ is a field like any other.
    if (!stream.known.has(name) || besides?.has(name) === true)
      (extra ??= Object.create(null) as Record<string, unknown>)[name] = (record as Record<string, unknown>)[name];
  for (const [name, names] of stream.flattened ?? []) {
    const beside = besides?.has(name) === true ? undefined : besideNames(ownField(record as object, name), names);
    if (beside !== undefined) (extra ??= Object.create(null) as Record<string, unknown>)[name] = beside;
  }
  if (extra === undefined) return null;
  const cell = jsonText(exactJson(extra, record), extra);
  return 'reason' in cell ? { path: Object.keys(extra)[0] ?? '', reason: cell.reason } : { text: cell.text as string };
}

/** When it happened, as the partner has it: the incremental field, else the first version field, if that is a time. */
function eventTimeColumn(stream: CompiledStream): number {
  const field = stream.definition.incremental?.field ?? stream.definition.version[0];
  const index = stream.columns.findIndex((column) => column.path.join('.') === field);
  return stream.columns[index]?.type === 'timestamp' ? index : -1;
}

function reject(
  mismatch: Mismatch,
  at: { stream: CompiledStream; record: unknown; payload: string; hash: string; ordinal: number },
): RejectedRecord {
  const { stream, record, payload, hash, ordinal } = at;
  const texts = stream.keyColumns.map((column) => {
    const part = valueAt(record, column.path);
    const cell = cellOf(column, part);
    if ('reason' in cell || cell.text === null || (typeof part === 'string' && hasLoneSurrogate(part))) return null;
    return keyPart(column.type, cell.text);
  });
  const key = texts.every((text) => text !== null) ? keyText(texts) : null;
  return {
    ordinal,
    key: key === null ? null : key.slice(0, SHOWN_KEY),
    path: mismatch.path,
    reason: mismatch.reason,
    hash,
    payload,
  };
}

function frozen(stream: CompiledStream, rejected: RejectedRecord): NeedsAttention {
  return new NeedsAttention(
    `a record does not fit the schema at ${rejected.path || 'its top'}: ${rejected.reason}. The stream is set to freeze: ` +
      'correct its schema, then start the sync again',
    { at: { partner: stream.partner.name, stream: stream.name } },
  );
}
