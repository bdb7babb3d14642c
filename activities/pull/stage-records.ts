import { canonicalJson } from '../../core/canonical.ts';
import { columnText } from '../../core/column-text.ts';
import { NeedsAttention } from '../../core/errors.ts';
import { valueAt } from '../../core/json.ts';
import { sha128 } from '../../core/page-key.ts';
import { encodeVersion } from '../../core/version.ts';
import type { CompiledStream, Mismatch } from '../../definitions/compiled.ts';
import type { RejectedRecord, StagedRecord } from '../../warehouse/warehouse.ts';

export interface Received {
  readonly record: unknown;
  /** Exact text. */
  readonly payload: string;
}

export interface Staged {
  readonly records: readonly StagedRecord[];
  readonly rejected: readonly RejectedRecord[];
}

/** Longest key that fits an index page of PostgreSQL (2704 bytes) with room to spare. */
const MAX_KEY = 600;

/** Checks each record and works out all that the warehouse needs of it. A record that does not fit is kept, with why. */
export function stageRecords(stream: CompiledStream, received: readonly Received[]): Staged {
  const records: StagedRecord[] = [];
  const rejected: RejectedRecord[] = [];
  received.forEach((item, ordinal) => {
    const staged = stageRecord(stream, item, ordinal);
    if ('reason' in staged) rejected.push(staged);
    else records.push(staged);
  });
  if (rejected[0] !== undefined && stream.definition.onMismatch === 'freeze') throw frozen(stream, rejected[0]);
  return { records, rejected };
}

function stageRecord(
  stream: CompiledStream,
  { record, payload }: Received,
  ordinal: number,
): StagedRecord | RejectedRecord {
  const hash = sha128(canonicalJson(record));
  const parsed = stream.parse(record);
  if ('mismatch' in parsed) return reject(parsed.mismatch, { stream, record, payload, hash, ordinal });

  const { value } = parsed;
  const columns: (string | null)[] = [];
  for (const column of stream.columns) {
    const field = column.path.length === 1 ? value[column.path[0] as string] : valueAt(value, column.path);
    const cell = columnText(column.type, field);
    if ('reason' in cell)
      return reject({ path: column.path.join('.'), reason: cell.reason }, { stream, record, payload, hash, ordinal });
    columns.push(cell.text);
  }
  const extra = extraOf(stream, record);
  if (extra !== null && 'reason' in extra) return reject(extra, { stream, record, payload, hash, ordinal });
  columns.push(extra === null ? null : extra.text);

  const keyTexts = columns.slice(0, stream.keyColumns.length) as string[];
  const key = keyText(keyTexts);
  if (key !== null && key.length > MAX_KEY)
    return reject(
      {
        path: stream.keyColumns[0]?.path.join('.') ?? '',
        reason: `expected a key of at most ${MAX_KEY} characters, found ${key.length}`,
      },
      { stream, record, payload, hash, ordinal },
    );
  const version = encodeVersion(stream.version.map((part) => ({ value: valueAt(value, part.path), type: part.type })));
  return { ordinal, key, keyTexts, version, hash, eventTime: eventTime(stream, columns), payload, columns };
}

/** One column: its text. Several: a JSON array of their texts. None: null. */
export function keyText(texts: readonly string[]): string | null {
  if (texts.length === 0) return null;
  return texts.length === 1 ? (texts[0] as string) : JSON.stringify(texts);
}

/** Fields without a column of their own, as one JSON object; null when there are none. */
function extraOf(stream: CompiledStream, record: unknown): { readonly text: string } | Mismatch | null {
  let extra: Record<string, unknown> | undefined;
  for (const name of Object.keys(record as object))
    if (!stream.known.has(name)) (extra ??= {})[name] = (record as Record<string, unknown>)[name];
  if (extra === undefined) return null;
  const cell = columnText('json', extra);
  return 'reason' in cell ? { path: Object.keys(extra)[0] ?? '', reason: cell.reason } : { text: cell.text as string };
}

/** When it happened, as the partner has it: the incremental field, else the first version field, if that is a time. */
function eventTime(stream: CompiledStream, columns: readonly (string | null)[]): string | null {
  const field = stream.definition.incremental?.field ?? stream.definition.version[0];
  const index = stream.columns.findIndex((column) => column.path.join('.') === field);
  return stream.columns[index]?.type === 'timestamp' ? (columns[index] ?? null) : null;
}

function reject(
  mismatch: Mismatch,
  at: { stream: CompiledStream; record: unknown; payload: string; hash: string; ordinal: number },
): RejectedRecord {
  const { stream, record, payload, hash, ordinal } = at;
  const parts = stream.keyColumns.map((column) => columnText(column.type, valueAt(record, column.path)));
  const texts = parts.map((part) => ('text' in part ? part.text : null));
  const key = texts.every((text) => text !== null) ? keyText(texts) : null;
  return {
    ordinal,
    key: key === null ? null : key.slice(0, MAX_KEY),
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
