import type { CompiledStream } from '../definitions/compiled.ts';
import { withoutFreeze } from '../definitions/contract.ts';
import type { RejectedRecord, StagedRecord } from '../core/staged.ts';
import type { Received } from './received.ts';
import { stageInSteps } from './stage-records.ts';

/** What a record says by the present definition, as texts that every kind of warehouse takes. */
export interface RowTexts {
  /** Its place among the records given. */
  readonly ordinal: number;
  readonly key: string | null;
  /** One text per column of the stream; null is NULL. */
  readonly values: readonly (string | null)[];
  /** Fields without a column of their own, as JSON text. */
  readonly extra: string | null;
}

export interface ReadRows {
  readonly rows: readonly RowTexts[];
  /** Records that do not fit the present definition. */
  readonly rejected: readonly RejectedRecord[];
}

/** Checks records as the reading does, and keeps their rows instead of writing them. */
export async function rowTexts(stream: CompiledStream, received: readonly Received[]): Promise<ReadRows> {
  const rows: RowTexts[] = [];
  // What no longer fits is told to whoever asked: it must not stop the others.
  // What the log says came, came.
  const lenient = { ...withoutFreeze(stream), isDelete: undefined };
  const { rejected } = await stageInSteps(lenient, received, {
    add: ({ ordinal, key, version, hash, columns }): StagedRecord => {
      const count = stream.columns.length;
      rows.push({ ordinal, key, values: columns.slice(0, count), extra: columns[count] ?? null });
      return { ordinal, key, version, hash, line: rows.length - 1 };
    },
  });
  return { rows, rejected };
}
