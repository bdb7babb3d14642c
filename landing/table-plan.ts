import { type Rename, pendingRenames, renamed, widens } from '../core/reshape.ts';
import { columnTypes } from '../core/column.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { ownColumns, tableFault, typeFaults } from '../targets/postgres/table-fault.ts';
import { postgresTypes } from '../targets/postgres/column-types.ts';
import { rowKeyOf } from '../targets/postgres/target-table.ts';
import type { TableFacts } from '../targets/postgres/table-facts.ts';

/** What a definition changes of a table that is there, or is not. */
export interface TablePlan {
  /** With its schema, for people. */
  readonly table: string;
  /** The next run makes it. */
  readonly isNew: boolean;
  /** Columns that the next run adds and fills. */
  readonly added: readonly { readonly column: string; readonly type: string }[];
  /** Columns that get another name, where somebody says so. */
  readonly renamed: readonly Rename[];
  /** Columns that get another type, where somebody says so. */
  readonly retyped: readonly Retyped[];
  /** Columns that were made of fields that the definition does not name. */
  readonly made: readonly string[];
  /** Columns that no field of the definition fills: they keep what they have. */
  readonly kept: readonly string[];
  /** What needs a person, and what that one can do. */
  readonly fault: string | undefined;
}

export interface Retyped {
  readonly column: string;
  readonly from: string;
  readonly to: string;
  /** Other warehouses change it in place. */
  readonly widens: boolean;
}

/** `found`: undefined where there is no table. */
export function tablePlan(stream: CompiledStream, found: TableFacts | undefined): TablePlan {
  const table = `${stream.schema}.${stream.table}`;
  const none = {
    table,
    isNew: false,
    added: [],
    renamed: [],
    made: (stream.madeColumns ?? []).map(({ field }) => field),
    retyped: [],
    kept: [],
    fault: undefined,
  };
  if (found === undefined) return { ...none, isNew: true };
  // What is to get another name is no fault here.
  const { facts, renames } = afterRenames(stream, found);
  const key = new Set(rowKeyOf(stream));
  const retyped = typeFaults(stream, facts).flatMap(({ column, from, to }): Retyped[] => {
    if (key.has(column)) return [];
    const own = stream.columns.find(({ name }) => name === column);
    const kind = columnTypes.find((type) => postgresTypes[type] === from);
    return [{ column, from, to, widens: own !== undefined && kind !== undefined && widens(kind, own) }];
  });
  const there = new Map(facts.columns.map(({ name, type }) => [name, type]));
  // What is to get another type is no fault here.
  const columns = facts.columns.map((column) => {
    const to = retyped.find((change) => change.column === column.name)?.to;
    return to === undefined ? column : { ...column, type: to };
  });
  const fault = tableFault(stream, table, { ...facts, columns });
  const wanted = new Set([...stream.columns.map(({ name }) => name), ...ownColumns]);
  return {
    ...none,
    fault,
    renamed: renames,
    retyped,
    added: stream.columns
      .filter(({ name }) => !there.has(name))
      .map(({ name, type }) => ({ column: name, type: postgresTypes[type] })),
    kept: facts.columns.map(({ name }) => name).filter((name) => !wanted.has(name)),
  };
}

/** The table as it is once its columns have their new names. */
function afterRenames(
  stream: CompiledStream,
  facts: TableFacts,
): { readonly facts: TableFacts; readonly renames: readonly Rename[] } {
  const { renames } = pendingRenames(
    stream.columns,
    facts.columns.map(({ name }) => name),
  );
  const key = facts.key.map((name) => renames.find(({ from }) => from === name)?.to ?? name);
  return { facts: { ...facts, key, columns: renamed(facts.columns, renames) }, renames };
}

/** Whether the next run does by itself all that is to be done. */
export const goesByItself = ({ renamed: others, retyped, fault }: TablePlan): boolean =>
  others.length === 0 && retyped.length === 0 && fault === undefined;
