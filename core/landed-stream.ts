import type { Column } from './column.ts';

/** What landing needs of a stream; a compiled definition has more. */
export interface LandedStream {
  readonly partner: { readonly name: string };
  readonly name: string;
  /** Where its rows go. */
  readonly schema: string;
  readonly table: string;
  /** The primary key first. Fields without a column of their own go to `_extra`. */
  readonly columns: readonly Column[];
  readonly keyColumns: readonly Column[];
  readonly version: readonly Pick<Column, 'path' | 'type' | 'read'>[];
  readonly definitionVersion: string;
  readonly definition: {
    readonly disposition: 'merge' | 'append' | 'replace';
    readonly errorBudget: { readonly count: number; readonly share: number };
    readonly fullListing?: boolean | undefined;
    readonly quarantinePayload: 'keep' | 'withhold';
    readonly incremental?: { readonly field: string; readonly lag: number } | undefined;
    readonly parent?: { readonly changed?: string | undefined } | undefined;
  };
}
