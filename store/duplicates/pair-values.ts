import type { ClientBase, Pool } from 'pg';
import type { RowRef } from '../../core/duplicates.ts';

/** What a row has in each field of duplicates.yaml, as text; null: nothing, or no such column. */
export type RowValues = Readonly<Record<string, string | null>>;

/** Rows as they are now. One that is gone is not among them. */
export class ReadRows {
  readonly #found: ReadonlyMap<string, RowValues>;

  constructor(found: ReadonlyMap<string, RowValues>) {
    this.#found = found;
  }

  of({ stream, row }: RowRef): RowValues | undefined {
    return this.#found.get(`${stream} ${row}`);
  }
}

/** What the rows of these pairs of a plan say now. They may be personal data: whoever shows them says to whom. */
export async function readPairValues(
  client: ClientBase | Pool,
  { plan, pairs }: { readonly plan: number; readonly pairs: readonly { readonly pair: number }[] },
): Promise<ReadRows> {
  const { rows } = await client.query<{ stream: string; row: string; values: RowValues }>(
    'select * from pair_values($1, $2)',
    [plan, pairs.map(({ pair }) => pair)],
  );
  return new ReadRows(new Map(rows.map(({ stream, row, values }) => [`${stream} ${row}`, values])));
}
