import type { LandedStream } from '../../core/landed-stream.ts';
import { rowLineage } from './page-lines.ts';
import { quoted } from '../../core/sql-text.ts';

export const targetOf = (stream: LandedStream): string => `${quoted(stream.schema)}.${quoted(stream.table)}`;

/** The columns that a row is written with, in order; `_loaded_at` comes from its default. */
export const rowColumns = (stream: LandedStream): string =>
  [...rowLineage, ...stream.columns.map((column) => column.name), '_extra'].map(quoted).join(', ');

/** Columns that tell the rows of the target apart: its primary key. */
export const rowKeyOf = (stream: LandedStream): readonly string[] =>
  stream.definition.disposition === 'append' || stream.keyColumns.length === 0
    ? ['_event']
    : stream.keyColumns.map((column) => column.name);
