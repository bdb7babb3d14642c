import type { ChildTable } from '../core/child-table.ts';
import type { Column } from '../core/column.ts';
import type { StampedTable } from '../core/stamp.ts';
import type { BucketSums } from './bucket-sums.ts';

/**
 * The port to a warehouse that people query. A table there is a shadow of a stream's event log: it can be thrown away and
 * built again. Nothing here names a part of one kind of warehouse.
 */

/**
 * Where a stream's table stands: `live` is what people query. Two may be made anew beside it at the same time: `build` by a rebuild, `fill`
 * by loads, when the definition gained columns. `old` was live before a rebuild.
 */
export const places = ['live', 'build', 'fill', 'old'] as const;
export type Place = (typeof places)[number];

/** A stream's table, in words that no kind of warehouse owns. */
export interface TargetTable {
  readonly schema: string;
  readonly table: string;
  /** The primary key first, in its order. */
  readonly columns: readonly Column[];
  /** How many of the columns are the primary key; 0: the stream has none. */
  readonly keys: number;
  /**
   * `append` without regard to the key: each event is a row. `version`, a history: the same, and rows are found by their key, of which there
   * is one. The others hold one row per key, or per event where there is no key.
   */
  readonly rowPer: 'key' | 'event' | 'version';
  /** `live` when left out. */
  readonly place?: Place;
  /** What the column `_transform` says in each row; undefined: there is no such column. */
  readonly stamp?: string;
  /** Elements of its arrays: views of the live table, so that they are always what that says. */
  readonly children?: readonly ChildTable[];
  /** Its columns may get other names and wider types: in the store they have them. */
  readonly reshapes?: boolean;
  /** Columns of other types are told (`retyped`) instead of refused: the table is about to be made anew. */
  readonly tellsTypes?: boolean;
}

export const stampedOf = ({ stamp, columns }: TargetTable): StampedTable => ({ stamp, columns });

/** What a table says of itself when it is opened. */
export interface OpenedTable {
  /** Tells this table from every other that stood or will stand in its place. */
  readonly id: string;
  /** The last event that was applied; 0: none. */
  readonly event: number;
  /** Columns that were added after rows had come: those rows hold NULL there until the table is built anew. */
  readonly unfilled: readonly string[];
  /** Its rows were made by other transforms, or a column is to get a wider type and the table is too large to change it in place: nothing of the table was touched, and it has to be made anew before anything is written to it. */
  readonly outdated?: true;
  /**
   * Somebody changed its rows or dropped it, and how that shows. Of a `live` or `old` table only: it is left as it is, no load writes to it, and it has
   * to be made anew. That stays so, whatever is done to its rows afterwards.
   */
  readonly changed?: string;
  /** Columns of other types than the definition makes of them, with the type that they have; `text` where it is none of ours. */
  readonly retyped?: readonly Pick<Column, 'name' | 'type'>[];
}

/** One row as the log has it. Texts are those of `core/column-text.ts`, the same for each kind of warehouse. */
export interface TargetRow {
  /** Number of the event that the row stands for. */
  readonly event: number;
  /** The batch that the record came with, and its place in it: where it stands in the order of arrival. */
  readonly page: number;
  readonly ordinal: number;
  readonly run: number;
  readonly version: string | null;
  /** 32 hex digits. */
  readonly hash: string;
  /** One text per column; null is NULL. */
  readonly values: readonly (string | null)[];
  /** Fields without a column of their own, as JSON text. */
  readonly extra: string | null;
  /** Since when its record is gone, ISO. Left out: it is there. */
  readonly deletedAt?: string | undefined;
}

/**
 * What a row of a table says, as texts that do not depend on the kind of warehouse. How it came there (`_run`, `_loaded_at`) is left out.
 */
export type ReadRow = Pick<TargetRow, 'event' | 'values' | 'extra' | 'deletedAt'>;

/** With the digest of its key: 32 hex digits, the same in each kind of warehouse. */
export interface KeyedRow extends ReadRow {
  readonly keyDigest: string;
}

/** The newest event of a key, as a table shows it. */
export interface RowHead {
  readonly event: number;
  readonly page: number;
  readonly ordinal: number;
  readonly version: string | null;
  /** 32 hex digits. */
  readonly hash: string;
  /** Since when its record is gone, ISO. Left out: it is there. */
  readonly deletedAt?: string | undefined;
}

/** Where a table's cursor goes. */
export interface Move {
  /** The cursor that the table stands at: the last event that was applied. */
  readonly from: number;
  /** The cursor it stands at afterwards. */
  readonly to: number;
}

/** What becomes of rows. */
export interface RowChanges {
  /** Every row goes before the new ones come. */
  readonly clears: boolean;
  /** Texts of the key's columns of rows that go, before the new ones come; rows that are not there are passed over. */
  readonly deletes: readonly (readonly string[])[];
  /** Rows that stay, and say since when their records are gone, before the new ones come; rows that are not there are passed over. */
  readonly buries?: readonly Burial[];
  /** At most one per row key. A row that is there already is replaced. */
  readonly upserts: readonly TargetRow[];
}

export interface Burial {
  /** Texts of the key's columns. */
  readonly key: readonly string[];
  /** ISO. */
  readonly at: string;
}

/** What a range of the log means for a table; it is decided before (`apply/`), and takes effect as one. */
export interface Changes extends Move, RowChanges {}

/** Reads all rows of each key (texts of the key's columns), in any order. What is written again as it was read stays as it is. */
export type RowsOfKeys = (keys: readonly (readonly string[])[]) => Promise<readonly (readonly TargetRow[])[]>;

/** Where a table stood at a moment; undefined: nothing loads it. */
export type Standing = Pick<OpenedTable, 'id' | 'event'> | undefined;

export interface SummedTable {
  readonly sums: BucketSums;
  /** At the same moment. */
  readonly standing: Standing;
}

export interface SomeRows {
  readonly buckets: readonly number[];
  /** Called before the first row, with where the table stands at the moment of all of them. */
  readonly stands: (standing: Standing) => void;
}

/** Which table takes the live one's place. */
export interface Swap {
  readonly from: 'build' | 'fill';
  readonly id: string;
  /** Id of the live table that it was made for. Where another one is live by now, RetryLater is thrown. */
  readonly over: string;
}

export interface Target {
  /** Its name in `targets.yaml`. */
  readonly name: string;
  readonly kind: string;
  /** Reaches the warehouse and says what it is, such as `DuckDB v1.5.6`. Throws what a person can act on. */
  check(): Promise<string>;
  /**
   * Makes the table, or makes it fit (new columns). A table that is not as it was left is `changed`, or, where nobody queries it (`build`, `fill`), begins again,
   * empty, at event 0.
   */
  open(table: TargetTable): Promise<OpenedTable>;
  /** Of each key (texts of the key's columns) what the table shows; undefined: no row. */
  heads(table: TargetTable, keys: readonly (readonly string[])[]): Promise<readonly (RowHead | undefined)[]>;
  /**
   * Writes the changes and the new cursor in one transaction. The same changes again change nothing. Throws RetryLater when
   * the table stands at another cursor than `from` (another owner went on).
   */
  apply(table: TargetTable, changes: Changes): Promise<void>;
  /**
   * The same for changes that do not fit into memory at once: the parts take effect one after the other, and readers see all
   * of them or none. A key of one part may come again in a later one.
   */
  applyTogether(table: TargetTable, move: Move, parts: AsyncIterable<RowChanges>): Promise<void>;
  /**
   * The same for changes that depend on what a key has: `parts` is given what reads the table as the parts before have left it.
   */
  rewrite(table: TargetTable, move: Move, parts: (rowsOf: RowsOfKeys) => AsyncIterable<RowChanges>): Promise<void>;
  /** All rows in the order of their row key. */
  rows(table: TargetTable): AsyncIterable<ReadRow>;
  /** Why the rows of a table cannot be compared as they stand; undefined: they can. Unlike `open` it changes nothing. */
  misfit(table: TargetTable): Promise<string | undefined>;
  /** Counts and checksums, computed where the rows are. The same rows have the same in each kind of warehouse. It changes nothing. */
  sums(table: TargetTable): Promise<SummedTable>;
  /** The rows of some buckets, of one moment, in the order of the digests of their keys. */
  some(table: TargetTable, asked: SomeRows): AsyncIterable<KeyedRow>;
  /** The stream's tables that there are, by their places. */
  placed(table: TargetTable): Promise<Readonly<Partial<Record<Place, OpenedTable>>>>;
  /**
   * In one transaction the table beside becomes `live`, with its cursor. For a `build` what was live becomes `old`, and an older
   * `old` and a `fill` go. For a `fill` what was live goes, and `old` stays. Nothing to do where that id is live already.
   */
  swap(table: TargetTable, swap: Swap): Promise<void>;
  /** The `old` table with this id and the live one change places. Nothing to do where that id is live already. */
  rollback(table: TargetTable, id: string): Promise<void>;
  /** Drops the table at `table.place`, and its cursor. */
  drop(table: TargetTable): Promise<void>;
  close(): Promise<void>;
}

/** A target that can write its tables as files of Parquet. */
export interface ExportsParquet {
  /**
   * Writes `FOLDER/SCHEMA/TABLE.parquet` for each table (left out: all), and `FOLDER/tables.json`, all of one moment.
   * The folder appears when it is complete, and must not exist before.
   */
  exportParquet(input: {
    readonly tables?: readonly TableName[];
    readonly folder: string;
    readonly notes: ExportNotes;
  }): Promise<ExportedTable[]>;
}

/** Whoever keeps in mind where exports are. */
export interface ExportNotes {
  /** UUID; `FOLDER/export.json` has it. */
  readonly id: string;
  /** Called before the first file is written. */
  begin(tables: readonly TableToNote[]): Promise<void>;
  /** `publish` gives the folder its name. Throws where the export is not to be there. */
  end(tables: readonly ExportedTable[], publish: () => Promise<void>): Promise<void>;
  /** It failed, and left no file. */
  fail(): Promise<void>;
}

export interface TableToNote extends TableName {
  /** That of the live table. */
  readonly id: string;
  readonly event: number;
}

export interface TableName {
  readonly schema: string;
  readonly table: string;
}

export interface ExportedTable extends TableName {
  readonly rows: number;
  /** The last event that the file shows. */
  readonly event: number;
}
