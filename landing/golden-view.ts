import { createHash } from 'node:crypto';
import type { ClientBase } from 'pg';
import { InvalidInput } from '../core/errors.ts';
import { quoted } from '../core/sql-text.ts';
import { pgError } from '../targets/postgres/pg-error.ts';
import { goldenSql, viewOf, viewParts, type Golden } from './golden-sql.ts';
import { storeDialect } from './golden-dialects.ts';

/** Makes both views as the definition wants them. Rights that were given on them stay. Call it in a transaction. */
export async function ensureGoldenViews(client: ClientBase, golden: Golden): Promise<void> {
  const [schema, name] = viewParts(viewOf(golden));
  const { rows } = await client.query<{ ledger: string; there: boolean }>(
    'select current_schema() as ledger, to_regnamespace($1) is not null as there',
    [quoted(schema)],
  );
  const ledger = rows[0]?.ledger as string;
  if (rows[0]?.there !== true) await client.query(`create schema if not exists ${quoted(schema)}`);
  const sql = goldenSql(golden, storeDialect(golden.name, ledger));
  const mine = `made by Syncline from duplicates ${golden.name}, ledger in ${ledger}`;
  await ensureView(client, { schema, name, mine, sql: sql.golden });
  await ensureView(client, { schema, name: `${name}_rows`, mine, sql: sql.rows });
}

interface View {
  readonly schema: string;
  readonly name: string;
  /** What its comment begins with. */
  readonly mine: string;
  readonly sql: string;
}

async function ensureView(client: ClientBase, { schema, name, mine, sql }: View): Promise<void> {
  const view = `${quoted(schema)}.${quoted(name)}`;
  const said = `${mine}; ${createHash('sha256').update(sql).digest('hex').slice(0, 16)}`;
  const { rows } = await client.query<{ kind: string | null; says: string | null }>(
    `select c.relkind as kind, obj_description(c.oid, 'pg_class') as says from (select to_regclass($1) as oid) n left join pg_class c using (oid)`,
    [view],
  );
  const { kind, says } = rows[0] as (typeof rows)[number];
  if (says === said) return;
  if (kind !== null && says?.startsWith(`${mine}; `) !== true)
    throw new InvalidInput(
      `${schema}.${name} is there and is not ours: drop it, or give the golden records another name (\`view\` in duplicates.yaml)`,
    );
  await client.query('savepoint golden');
  try {
    await client.query(`create or replace view ${view} as ${sql}`);
  } catch (error) {
    // A column changed its name, type or place: PostgreSQL makes such a view only anew.
    if (pgError(error).code !== '42P16') throw error;
    await client.query('rollback to savepoint golden');
    await remake(client, { view, sql });
  }
  await client.query('release savepoint golden');
  await client.query(`comment on view ${view} is ${literal(said)}`);
}

async function remake(
  client: ClientBase,
  { view, sql }: { readonly view: string; readonly sql: string },
): Promise<void> {
  const { rows: rights } = await client.query<{ grantee: string; privilege: string }>(
    `select case when grantee = 0 then 'public' else grantee::regrole::text end as grantee, privilege_type as privilege
      from pg_class c, aclexplode(c.relacl) where c.oid = to_regclass($1) and grantee <> c.relowner`,
    [view],
  );
  await client.query(`drop view ${view}`);
  await client.query(`create view ${view} as ${sql}`);
  for (const { grantee, privilege } of rights) await client.query(`grant ${privilege} on ${view} to ${grantee}`);
}

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
