import type { Column, ColumnType } from './column.ts';

/** What becomes of the values of one field. */
export interface Steps {
  readonly cast: ColumnType | undefined;
  /** Text for a value that is absent or null. */
  readonly otherwise: string | undefined;
  readonly hide: Hide | undefined;
}

export type Hide =
  | { readonly kind: 'mask'; readonly first: number; readonly last: number; readonly with: string }
  | { readonly kind: 'hash' | 'encrypt'; readonly key: string };

/** A piece of a template: a text, or the name of a field. */
export type TemplatePiece = string | { readonly field: string };

/** How a column of a row comes about. */
export type Cell =
  /** As it came. */
  | { readonly kind: 'plain'; readonly source: Column }
  | { readonly kind: 'field'; readonly source: Column; readonly steps: Steps }
  /** JSON, with transforms of fields inside it. */
  | { readonly kind: 'inside'; readonly source: Column; readonly inner: readonly InnerField[] }
  | {
      readonly kind: 'template';
      readonly name: string;
      readonly pieces: readonly TemplatePiece[];
      readonly type: ColumnType;
    }
  | {
      readonly kind: 'function';
      readonly name: string;
      readonly compute: (record: Readonly<Record<string, unknown>>) => unknown;
      readonly type: ColumnType;
    }
  | { readonly kind: 'stamp'; readonly stamp: string };

/** A field inside an object or the objects of an array; its path begins below the column. */
export interface InnerField {
  readonly path: readonly string[];
  readonly type: ColumnType;
  /** null: it goes. */
  readonly hide: Hide | null;
}

/** How rows are made of records where a definition has `transforms`. Data, but for the functions of a `.ts` definition. */
export interface RowTransform {
  /** Another one wherever the same record may make another row. */
  readonly stamp: string;
  /** One for each column of the stream, in their order. */
  readonly cells: readonly Cell[];
  /** Columns of the record as it came, by the names of their fields. */
  readonly sources: ReadonlyMap<string, Column>;
  /** When it happened, as the partner has it. */
  readonly eventTime: Column | undefined;
  /** Fields without a column are left out. */
  readonly dropsExtra: boolean;
  /** Dotted fields whose values no one is shown. */
  readonly hidden: readonly string[];
}
