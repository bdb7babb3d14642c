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
  /** Columns that get another type, where somebody says so. */
  readonly retyped: readonly Retyped[];
  /** Columns that no field of the definition fills: they keep what they have. */
  readonly kept: readonly string[];
  /** What needs a person, and what that one can do. */
  readonly fault: string | undefined;
}

export interface Retyped {
  readonly column: string;
  readonly from: string;
  readonly to: string;
}

/** `facts`: undefined where there is no table. */
export function tablePlan(stream: CompiledStream, facts: TableFacts | undefined): TablePlan {
  const table = `${stream.schema}.${stream.table}`;
  const none = { table, isNew: false, added: [], retyped: [], kept: [], fault: undefined };
  if (facts === undefined) return { ...none, isNew: true };
  const key = new Set(rowKeyOf(stream));
  const retyped = typeFaults(stream, facts).filter(({ column }) => !key.has(column));
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
    retyped,
    added: stream.columns
      .filter(({ name }) => !there.has(name))
      .map(({ name, type }) => ({ column: name, type: postgresTypes[type] })),
    kept: facts.columns.map(({ name }) => name).filter((name) => !wanted.has(name)),
  };
}

/** Whether the next run does by itself all that is to be done. */
export const goesByItself = ({ retyped, fault }: TablePlan): boolean => retyped.length === 0 && fault === undefined;
