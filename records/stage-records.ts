import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { canonicalJson, canonicalPlainJson } from '../core/canonical.ts';
import { hasLoneSurrogate, quickColumnText, type ColumnText } from '../core/column-text.ts';
import { NeedsAttention } from '../core/errors.ts';
import { holdsExact } from '../core/exact-numbers.ts';
import { isInherited } from '../core/inherited.ts';
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
import { cellOf, textAt } from './cell-text.ts';
import { extraText } from './extra-text.ts';
import { heldVersion } from './held-version.ts';
import { keyMisfit } from './key-misfit.ts';
import { childMisfit } from './child-misfit.ts';
import { offersOf, relatedBy } from './related-by.ts';
import { transformedRow } from './transformed-row.ts';
import { stageDelete } from './stage-delete.ts';
import type { LineWriter, RejectedRecord, StagedRecord } from '../core/staged.ts';

export interface Staged {
  readonly records: readonly StagedRecord[];
  readonly rejected: readonly RejectedRecord[];
}

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
  stage: Stage,
  { record: came, payload, ascii, fault, hash: known }: Received,
  ordinal: number,
): StagedRecord | RejectedRecord {
  const { stream, lines, eventTimeAt, isPlain, contract } = stage;
  const plain = isPlain && needsNoEscape(payload);
  const hash = known ?? hashOf(came, plain);
  if (hash === undefined) {
    const mismatch = { path: '', reason: 'nested too deeply' };
    return { ordinal, key: null, ...mismatch, hash: sha128(payload), payload };
  }
  const record = stream.aliases === undefined ? came : byNewNames(came, stream.aliases);
  const at = { stream, record, payload, hash, ordinal };
  if (fault !== undefined) return reject({ path: '', reason: fault }, at);
  if (stream.isDelete?.(record) === true) return stageGone(lines, at, ascii);
  const besides = contract === undefined ? undefined : new Set<string>();
  const parsed =
    contract === undefined || besides === undefined
      ? stream.parse(record)
      : takeByContract(stream, { contract, besides }, record);
  if ('mismatch' in parsed) return reject(parsed.mismatch, at);

  const { value } = parsed;
  const misplaced = stream.children === undefined ? undefined : childMisfit(stream.children, value);
  if (misplaced !== undefined) return reject(misplaced, at);
  const columns = columnTexts(stage, { record, value, plain, besides });
  if (!Array.isArray(columns)) return reject(columns, at);
  const extra = extraText(stream, record, besides);
  if (extra !== null && 'reason' in extra) return reject(extra, at);
  columns[stream.columns.length] = extra === null ? null : extra.text;
  const misfit =
    makeKey(stream, columns) ??
    (stream.keyColumns.length === 0 ? undefined : keyMisfit(stream, columns, { value, plain }));
  if (misfit !== undefined) return reject(misfit, at);
  const key = keyOf(stream, columns);
  const version = versionOf(value, stream.version);
  const eventTime = stream.transform === undefined ? (columns[eventTimeAt] ?? null) : timeOf(stream.transform, value);
  const line = { ordinal, key, version, hash, eventTime, payload, columns, plain, ascii };
  if (stream.relations === undefined) return lines.add(line);
  const related = relatedBy(stream, { value, key, columns });
  return 'reason' in related ? reject(related, at) : lines.add({ ...line, ...related });
}

interface Place {
  readonly stream: CompiledStream;
  readonly record: unknown;
  readonly payload: string;
  readonly hash: string;
  readonly ordinal: number;
}

/** A record that says that it is gone. */
function stageGone(lines: Stage['lines'], at: Place, ascii: boolean): StagedRecord | RejectedRecord {
  const { stream, record, payload, hash, ordinal } = at;
  const gone = stageDelete(stream, record);
  if ('reason' in gone) return reject(gone, at);
  const { columns, ...of } = gone;
  const misfit = keyMisfit(stream, columns, { value: record, plain: false });
  if (misfit !== undefined) return reject(misfit, at);
  const how = { operation: 'd' as const, eventTime: null, plain: false };
  const line = { ...of, ...how, ordinal, hash, payload, columns, ascii };
  return lines.add(stream.relations === undefined ? line : { ...line, ...offersOf(stream, of) });
}

interface Checked {
  readonly record: unknown;
  /** As the schema gives it back. */
  readonly value: Record<string, unknown>;
  readonly plain: boolean;
  /** Fields that do not fit, and that the contract lets land beside. */
  readonly besides: Set<string> | undefined;
}

/** The texts of the stream's columns. */
function columnTexts(
  { stream, names, contract }: Stage,
  { record, value, plain, besides }: Checked,
): (string | null)[] | Mismatch {
  const exact = holdsExact(record);
  const evolves = contract === undefined ? never : evolving(contract, besides);
  if (stream.transform !== undefined) {
    const textOf = (column: Column): ColumnText => textAt(column, { value, record, exact });
    const texts = transformedRow({ transform: stream.transform, value, textOf, evolves });
    return 'reason' in texts ? texts : [...texts];
  }
  const texts: (string | null)[] = [];
  for (let i = 0; i < stream.columns.length; i++) {
    const column = stream.columns[i] as Column;
    const name = names[i];
    const field = name === undefined ? valueAt(value, column.path) : value[name];
    const quick =
      plain && column.read === undefined && !(exact && column.type === 'json')
        ? quickColumnText(column.type, field)
        : undefined;
    if (quick !== undefined) {
      texts[i] = quick;
      continue;
    }
    const cell = textAt(column, { value, record, exact });
    if (!('reason' in cell)) texts[i] = cell.text;
    else if (evolves(column.path[0] as string)) texts[i] = null;
    else return { path: column.path.join('.'), reason: cell.reason };
  }
  return texts;
}

const never = (): boolean => false;

const evolving =
  (contract: Contract, besides: Set<string> | undefined) =>
  (field: string): boolean => {
    if (!mayChange(contract, field)) return false;
    besides?.add(field);
    return true;
  };

/** Writes the texts of the key as keys are compared. Returns why there is none. */
function makeKey({ keyColumns }: CompiledStream, columns: (string | null)[]): Mismatch | undefined {
  for (let i = 0; i < keyColumns.length; i++) {
    const { type, path } = keyColumns[i] as Column;
    const text = columns[i];
    if (text === null || text === undefined)
      return { path: path.join('.'), reason: 'expected a value for the primary key, found an empty time' };
    columns[i] = keyPart(type, text);
  }
  return undefined;
}

const keyOf = ({ keyColumns }: CompiledStream, columns: readonly (string | null)[]): string | null =>
  keyColumns.length === 1 ? (columns[0] as string) : keyText(columns.slice(0, keyColumns.length) as string[]);

/** As it came, whatever its column shows. */
function timeOf({ eventTime }: RowTransform, value: unknown): string | null {
  if (eventTime === undefined) return null;
  const made = cellOf(eventTime, valueAt(value, eventTime.path));
  return 'text' in made ? made.text : null;
}

/**
 * Strings in JSON cannot hold control characters or quotes but behind a backslash: without one, none of the record's strings
 * needs an escape anywhere. Between its tokens a payload may be indented, and COPY minds that.
 */
const needsNoEscape = (payload: string): boolean =>
  !payload.includes('\\') && !payload.includes('\n') && !payload.includes('\t') && !payload.includes('\r');

/** undefined for what is nested so deeply that JavaScript's stack does not reach its end (nor PostgreSQL's). */
function hashOf(record: unknown, plain: boolean): string | undefined {
  try {
    return sha128(plain ? canonicalPlainJson(record) : canonicalJson(record));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** When it happened, as the partner has it: the incremental field, else the first version field, if that is a time. */
function eventTimeColumn(stream: CompiledStream): number {
  const field = stream.definition.incremental?.field ?? stream.definition.version[0];
  const index = stream.columns.findIndex((column) => column.path.join('.') === field);
  return stream.columns[index]?.type === 'timestamp' ? index : -1;
}

function reject(mismatch: Mismatch, { stream, record, payload, hash, ordinal }: Place): RejectedRecord {
  const texts = stream.keyColumns.map((column) => {
    const part = valueAt(record, column.path);
    const cell = cellOf(column, part);
    if ('reason' in cell || cell.text === null || (typeof part === 'string' && hasLoneSurrogate(part))) return null;
    return keyPart(column.type, cell.text);
  });
  const key = texts.every((text) => text !== null) ? keyText(texts) : null;
  const version = key === null ? undefined : heldVersion(stream, record, mismatch);
  return {
    ordinal,
    key: key === null ? null : key.slice(0, SHOWN_KEY),
    path: mismatch.path,
    reason: mismatch.reason,
    hash,
    payload,
    ...(version === undefined ? {} : { version }),
  };
}

function frozen(stream: CompiledStream, rejected: RejectedRecord): NeedsAttention {
  return new NeedsAttention(
    `a record does not fit the schema at ${rejected.path || 'its top'}: ${rejected.reason}. The stream is set to freeze: ` +
      'correct its schema, then start the sync again',
    { at: { partner: stream.partner.name, stream: stream.name } },
  );
}
