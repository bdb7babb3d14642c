import type { Statements } from './statements.ts';
import { bundleOf, SPLIT } from './staged-text.ts';

/** A column of a staging table: its name, type, and the SQL that reads it from its field's text. */
export interface StagedColumn {
  readonly name: string;
  readonly type: string;
  readonly read: (field: string) => string;
}

/**
 * Bundles end at so many rows or characters: 2,000 rows of 17 columns are built in about 5 ms, and no other work of the
 * process waits longer. Memory holds one bundle, whatever the number of rows.
 */
const MAX_ROWS = 2_000;
const MAX_CHARS = 4_000_000;

/** Fills a temporary table of this connection, from lines whose fields are in the order of the columns. */
export async function stage(
  sql: Statements,
  input: { readonly table: string; readonly columns: readonly StagedColumn[]; readonly lines: Iterable<string> },
): Promise<void> {
  const { table, columns, lines } = input;
  await sql.run(
    `create or replace temp table ${table} (${columns.map(({ name, type }) => `${name} ${type}`).join(', ')})`,
  );
  // Each field is taken out of the list once: what reads it may name it several times.
  const fields = columns.map((_, i) => `f[${i + 1}] as f${i + 1}`).join(', ');
  const values = columns.map(({ read }, i) => read(`f${i + 1}`)).join(', ');
  await sql.runForEach(
    `insert into temp.main.${table} select ${values} from (select ${fields} from (${SPLIT}))`,
    bundles(lines),
  );
}

function* bundles(lines: Iterable<string>): Generator<string> {
  let bundle: string[] = [];
  let chars = 0;
  for (const line of lines) {
    bundle.push(line);
    chars += line.length;
    if (bundle.length < MAX_ROWS && chars < MAX_CHARS) continue;
    yield bundleOf(bundle);
    bundle = [];
    chars = 0;
  }
  if (bundle.length > 0) yield bundleOf(bundle);
}
