import type { ClientBase, Pool } from 'pg';

/** What stands under a name, as the catalogue has it. */
export interface TableFacts {
  /** relkind: `r` a table, `p` a partitioned one, `v` a view, … */
  readonly kind: string;
  readonly columns: readonly {
    readonly name: string;
    readonly type: string;
    /** The table makes the value itself: nobody else may write it. */
    readonly generated: boolean;
  }[];
  /** A column was dropped at some time. */
  readonly lostColumns: boolean;
  /** Columns of the primary key, in order. */
  readonly key: readonly string[];
  /** Rules that change what is written. */
  readonly rules: readonly string[];
  /** Triggers that may change rows before they are written, or leave them out. */
  readonly triggers: readonly string[];
  /** Row level security holds for us. */
  readonly guarded: boolean;
}

/** undefined: there is nothing of this name (quoted, with its schema). */
export async function readTable(client: ClientBase | Pool, table: string): Promise<TableFacts | undefined> {
  const { rows } = await client.query<TableFacts>(
    `select c.relkind::text as kind,
        coalesce((select jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
            'generated', a.attgenerated <> '' or a.attidentity = 'a') order by a.attnum)
          from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]') as columns,
        exists (select from pg_attribute a where a.attrelid = c.oid and a.attisdropped) as "lostColumns",
        array(select a.attname::text from pg_index i, unnest(i.indkey) with ordinality as k(attnum, place)
            join pg_attribute a using (attnum)
          where i.indrelid = c.oid and i.indisprimary and a.attrelid = c.oid order by k.place) as key,
        array(select r.rulename::text from pg_rewrite r where r.ev_class = c.oid and r.ev_type <> '1' order by 1) as rules,
        -- tgtype: 1 for each row, 2 before; 4, 8 and 16 are insert, delete and update. A replica's triggers do not fire for us.
        array(select t.tgname::text from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal
          and t.tgenabled in ('O', 'A') and t.tgtype & 3 = 3 and t.tgtype & 28 <> 0 order by 1) as triggers,
        row_security_active(c.oid) as guarded
      from pg_class c where c.oid = to_regclass($1)`,
    [table],
  );
  return rows[0];
}
