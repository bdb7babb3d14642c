import type { Column } from './column.ts';
import { HOUR } from './duration.ts';

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
  /** Its table of versions; undefined: it has none. */
  readonly history?: object | undefined;
  /** By how many columns of fields that no schema names its rows are made. */
  readonly made?: number | undefined;
  readonly transform?: { readonly stamp: string } | undefined;
  /** Its records say which ones of this stream are gone. */
  readonly deletesIn?: LandedStream | undefined;
  readonly definition: {
    readonly disposition: 'merge' | 'append' | 'replace';
    readonly errorBudget: { readonly count: number; readonly share: number };
    readonly fullListing?: boolean | undefined;
    readonly quarantinePayload: 'keep' | 'withhold';
    readonly incremental?: { readonly field: string; readonly lag: number } | undefined;
    readonly primaryKey: readonly string[];
    readonly deletes?: LandedDeletes | undefined;
    readonly parent?:
      | {
          readonly changed?: string | undefined;
          /** The fields of its record that each record gets, by their names there, or the name of the only one. */
          readonly include?: string | Readonly<Record<string, string>> | undefined;
        }
      | undefined;
  };
}

/** How a stream knows that records are gone, and what that means for its tables. */
export interface LandedDeletes {
  /** Its records say which ones of this stream are gone. */
  readonly of?: string | undefined;
  /** `soft`: the row stays, and says since when its record is gone. */
  readonly as: 'hard' | 'soft';
  /** What a complete listing does not have is gone: of all, of its time, or of the parents that were asked for. */
  readonly sweep?: true | 'window' | 'parent' | undefined;
  readonly hold: Hold | false;
}

/** More deletes at once than both wait for a person. */
export interface Hold {
  readonly count: number;
  /** Of the rows that there are. */
  readonly share: number;
  /** How long a run waits for an answer, in ms. */
  readonly for: number;
}

/** A night, at most: the next one has to find that this one has ended. */
export const defaultHold: Hold = { count: 100, share: 0.1, for: 12 * HOUR };

/** undefined: nobody is asked. */
export const holdOf = ({ definition }: OfDeletes): Hold | undefined => {
  const hold = definition.deletes?.hold ?? defaultHold;
  return hold === false ? undefined : hold;
};

type OfDeletes = { readonly definition: Pick<LandedStream['definition'], 'disposition' | 'deletes'> };

/** Whether it is kept in mind which keys are gone: what comes late of them changes nothing. */
export const knowsDeletes = ({ definition }: OfDeletes): boolean =>
  definition.disposition === 'merge' && definition.deletes !== undefined && definition.deletes.of === undefined;

/** Whether rows stay when their records are gone. */
export const keepsRows = (stream: OfDeletes): boolean =>
  knowsDeletes(stream) && stream.definition.deletes?.as === 'soft';

/** Whether what a complete listing does not have is gone. A `replace` has its own way. */
export const sweeps = (stream: OfDeletes): boolean =>
  knowsDeletes(stream) && stream.definition.deletes?.sweep !== undefined;
