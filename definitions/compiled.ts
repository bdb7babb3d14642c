import type { FieldNames } from '../core/field-names.ts';
import { columnTypes, type Column, type ColumnType } from '../core/column.ts';
import type { RowTransform } from '../core/transform.ts';
import type { Partner, StreamDefinition } from './definition.ts';
import type { FetchNeed } from './fetch-need.ts';
import type { CompiledRules } from './rules.ts';
import type { DeclaredHistory } from './history.ts';
import type { MadeColumn } from '../core/made-column.ts';
import type { ChildTable } from '../core/child-table.ts';
import type { Alias } from '../core/alias.ts';
import type { Keep } from './keep.ts';

export { columnTypes, type Column, type ColumnType };

/** A field that could not be taken, in words for a person. Never holds the value itself. */
export interface Mismatch {
  /** Dotted path of the field: `lines.3.amount`. */
  readonly path: string;
  /** `expected number, found string`. */
  readonly reason: string;
}

/** A stream of a checked definition, with all that pulling needs worked out once. */
export interface CompiledStream {
  /** Its `auth` is the one that the stream is asked with. */
  readonly partner: Partner;
  readonly name: string;
  readonly definition: StreamDefinition;
  /** Schema of the target. */
  readonly schema: string;
  /** Table of the target, without its schema. */
  readonly table: string;
  /** The targets beside the store's own that it is written to. */
  readonly targets: readonly string[];
  /** Columns of the target, primary key first. Unknown fields go to `_extra`. */
  readonly columns: readonly Column[];
  /** How rows are made of records; undefined: a column has what its field says. */
  readonly transform?: RowTransform;
  /** Top-level field names that have a column of their own: what is left goes to `_extra`. */
  readonly known: ReadonlySet<string>;
  /** Objects whose fields have columns of their own, by their names at the top; undefined: there are none. */
  readonly flattened?: ReadonlyMap<string, FieldNames> | undefined;
  /** Fields that records may have under older names; undefined: there are none. */
  readonly aliases?: readonly Alias[] | undefined;
  /** Of a stream with such columns: the same without them. */
  readonly defined?: CompiledStream | undefined;
  /** Tables of the elements of its arrays; undefined: there are none. */
  readonly children?: readonly ChildTable[] | undefined;
  /** How many columns of fields that no schema names there are (`newFields: columns`); undefined: the stream makes none. */
  readonly made?: number | undefined;
  /** Those of them that the definition does not name, of the same names as their fields. */
  readonly madeColumns?: readonly MadeColumn[] | undefined;
  /** The columns of the primary key, in its order. */
  readonly keyColumns: readonly Column[];
  /** Its table of versions; undefined: it has none. */
  readonly history: DeclaredHistory | undefined;
  /** How long what was received is kept; undefined: for ever. */
  readonly keep: Keep | undefined;
  /** Paths of the version fields, and how each is compared. */
  readonly version: readonly Pick<Column, 'path' | 'type' | 'read'>[];
  /** Hash of everything in the definition that shapes requests or rows; no secret goes in. 16 hex digits. */
  readonly definitionVersion: string;
  /** Its records say which ones of this stream are gone. */
  readonly deletesIn?: CompiledStream | undefined;
  /** Whether a record, as it came, says that it is gone; undefined: none does. */
  readonly isDelete?: ((record: unknown) => boolean) | undefined;
  /** Checks one record: the parsed record, or why not. */
  readonly parse: (record: unknown) => { readonly value: Record<string, unknown> } | { readonly mismatch: Mismatch };
  /** undefined: it needs nothing, and nothing needs it. */
  readonly relations: Relations | undefined;
  /** What must hold among the rows of its table; undefined: it has no rules. */
  readonly rules: CompiledRules | undefined;
  /** Its requests ask for one record, by these fields (docs/waiting.md); undefined: for the listing. */
  readonly one?: readonly string[] | undefined;
}

/** How a stream's records and those of others need each other. */
export interface Relations {
  /** What its own records need. */
  readonly needs: readonly CompiledNeed[];
  /** By which others (or itself) find its records. */
  readonly offers: readonly CompiledOffer[];
  /** Streams that need it, directly or through others; itself among them only if it needs itself so. */
  readonly dependents: readonly string[];
  readonly has: (stream: string) => boolean;
  /** A stream of the partner. */
  readonly stream: (name: string) => CompiledStream;
}

export interface CompiledNeed {
  readonly name: string;
  readonly stream: string;
  /** '': the key. */
  readonly field: string;
  /** Where the values are in the record that needs, one for each of the needed columns. */
  readonly by: readonly Omit<Column, 'name'>[];
  readonly optional: boolean;
  readonly withinMs: number;
  /** How it is asked for; undefined: it is waited for. */
  readonly fetch?: CompiledFetch | undefined;
}

export interface CompiledFetch {
  readonly definition: FetchNeed;
  /** What the placeholders are called, in the order of the value that is needed. */
  readonly fields: readonly string[];
}

export interface CompiledOffer {
  /** '': the key. */
  readonly field: string;
  /** Of the table. */
  readonly columns: readonly Column[];
}
