import { GiveUp } from '../../core/errors.ts';
import type { TargetTable } from '../target.ts';
import { columnCodec } from './column-codec.ts';
import { quoted, saidName } from './names.ts';
import { stage } from './stage.ts';
import { lineOf } from './staged-text.ts';
import type { Statements } from './statements.ts';

/** Stored names of the key's columns, quoted. */
export const keyColumns = ({ columns, keys }: TargetTable, names: ReadonlyMap<string, string>): readonly string[] =>
  columns.slice(0, keys).map(({ name }) => quoted(names.get(name) ?? name));

const AT = {
  name: '_at',
  type: 'TIMESTAMP WITH TIME ZONE',
  read: (field: string): string => `${field}::TIMESTAMP WITH TIME ZONE`,
};

/** Keys in a temporary table, each with its place in the list. */
export async function stageKeys(
  sql: Statements,
  input: {
    readonly table: TargetTable;
    readonly names: ReadonlyMap<string, string>;
    readonly into: string;
    readonly keys: readonly (readonly string[])[];
    /** A time for each of them, ISO, in a column `_at`. */
    readonly at?: readonly string[];
  },
): Promise<void> {
  const { table, names, into, keys, at } = input;
  if (table.keys === 0) throw new GiveUp(`${saidName(table)} has no key to find rows by`);
  const codecs = keyColumns(table, names).map((name, i) => ({ name, ...columnCodec(table, i) }));
  const place = { name: '_place', type: 'INTEGER', read: (field: string) => `${field}::INTEGER` };
  function* lines(): Generator<string> {
    for (const [i, key] of keys.entries())
      yield lineOf([
        ...codecs.map(({ field }, part) => field(key[part] ?? null, () => {})),
        String(i),
        ...(at === undefined ? [] : [at[i] as string]),
      ]);
  }
  await stage(sql, { table: into, columns: [...codecs, place, ...(at === undefined ? [] : [AT])], lines: lines() });
}
