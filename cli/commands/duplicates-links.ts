import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Pool } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { explain, InvalidInput } from '../../core/errors.ts';
import type { DuplicateSettings } from '../../definitions/duplicates.ts';
import { loadTargets } from '../../definitions/load-targets.ts';
import { targetsOf } from '../../definitions/named-targets.ts';
import type { TargetDefinition } from '../../definitions/targets.ts';
import { targetDialect } from '../../landing/golden-dialects.ts';
import { goldenSql, viewOf, viewParts } from '../../landing/golden-sql.ts';
import { openSession } from '../../matching/session.ts';
import { linksOf, noteLinks } from '../../store/duplicates/written-links.ts';
import { AS_PARQUET } from '../../targets/duckdb/export-parquet.ts';
import { literal, quoted } from '../../targets/duckdb/names.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { loadKnownDuplicates } from '../known-streams.ts';
import { whoami } from '../person.ts';

type OfName<O = object> = CommandContext<O> & { readonly name: string };

/** Writes which rows belong together now, for other warehouses: a line for each merged row. */
export async function writeLinks({ config, output, options, name }: OfName<{ readonly out: string }>): Promise<number> {
  const file = resolve(options.out);
  const isParquet = /\.parquet$/i.test(file);
  if (!isParquet && !/\.csv$/i.test(file))
    throw new InvalidInput(`--out: expected a file that ends in .csv or .parquet, found ${options.out}`);
  if ((await stat(file).catch(() => undefined)) !== undefined)
    throw new InvalidInput(`--out: ${options.out} is there already`);
  await settingsOf(config, name);
  // It appears under its name when it is complete.
  const [csv, parquet] = [`${file}.${process.pid}.csv`, `${file}.${process.pid}`];
  try {
    const rows = await withDatabase(config, async (pool) => {
      const links = await copyLinks(pool, { name, file: csv });
      if (isParquet) await toParquet(config.duplicates, { csv, parquet });
      await rename(isParquet ? parquet : csv, file);
      await noteLinks(pool, { ...links, name, by: whoami() });
      return links.rows;
    });
    output.json({ name, rows, file });
    output.say(
      `${rows} merged rows were written to ${options.out}, with the entity of each. Rows that are not among them are merged with no other.`,
    );
    return exitCodes.ok;
  } finally {
    await rm(csv, { force: true });
    await rm(parquet, { force: true });
  }
}

/** Of one moment. */
async function copyLinks(
  pool: Pool,
  { name, file }: { readonly name: string; readonly file: string },
): ReturnType<typeof linksOf> {
  const client = await pool.connect();
  let failed: Error | undefined;
  try {
    await client.query('begin isolation level repeatable read read only');
    const links = await linksOf(client, name);
    const copy = client.query(
      copyTo(
        `copy (select stream, "row", entity from duplicate_members where name = ${literal(name)} order by stream, "row") to stdout with (format csv, header, force_quote ("row"))`,
      ),
    );
    await pipeline(copy, createWriteStream(file, { flags: 'wx', mode: 0o600 }));
    await client.query('commit');
    return links;
  } catch (error) {
    failed = error instanceof Error ? error : new Error(String(error));
    throw new InvalidInput(`--out: cannot write ${file} (${explain(error)})`, { cause: error });
  } finally {
    client.release(failed);
  }
}

async function toParquet(
  limits: Omit<Parameters<typeof openSession>[0], 'signal'>,
  { csv, parquet }: { readonly csv: string; readonly parquet: string },
): Promise<void> {
  const session = await openSession(limits);
  try {
    const columns = `{'stream': 'VARCHAR', 'row': 'VARCHAR', 'entity': 'UUID'}`;
    await session.run(
      `copy (select * from read_csv(${literal(csv)}, header = true, auto_detect = false, delim = ',', quote = '"', escape = '"', columns = ${columns}, strict_mode = true, max_line_size = 16777216) order by stream, "row") to ${literal(parquet)} (${AS_PARQUET})`,
    );
  } finally {
    await session.close();
  }
}

/** Prints the SQL that makes the views of golden records in a target. */
export async function viewInTarget({
  config,
  output,
  options,
  name,
}: OfName<{ readonly target: string }>): Promise<number> {
  const { settings, streams } = await settingsOf(config, name);
  const { targets } = await loadTargets({ dir: config.partnersDir, env: config.env });
  const target = targets.get(options.target);
  if (target === undefined)
    throw new InvalidInput(
      `--target: targets.yaml declares no ${JSON.stringify(options.target)}${options.target === 'postgres' ? `: in the store ${viewOf({ name, settings })} is made by \`duplicates apply\`` : ''}`,
    );
  for (const { stream } of settings.from) {
    const found = streams.get(stream);
    if (found === undefined || !targetsOf(found.partner, found.name).includes(options.target))
      throw new InvalidInput(
        `${stream} is not written to ${options.target}: name the target under \`targets\` of the stream, or of its partner`,
      );
  }
  const [schema, view] = viewParts(viewOf({ name, settings }));
  const links = [schema, `${view}_links`] as const;
  const sql = goldenSql({ name, settings, streams }, targetDialect(target.type, links));
  const statements = [
    `create schema if not exists ${quoted(schema)};`,
    ...linksSql(target.type, { name, table: links.map(quoted).join('.') }),
    `create or replace view ${quoted(schema)}.${quoted(view)} as ${sql.golden};`,
    `create or replace view ${quoted(schema)}.${quoted(`${view}_rows`)} as ${sql.rows};`,
  ];
  output.json({ name, target: options.target, type: target.type, links: links.join('.'), sql: statements });
  for (const statement of statements) output.say(statement);
  return exitCodes.ok;
}

const linksSql = (
  type: TargetDefinition['type'],
  { name, table }: { readonly name: string; readonly table: string },
): readonly string[] =>
  type === 'duckdb'
    ? [
        `-- syncline duplicates links ${name} --out links.parquet`,
        `create or replace table ${table} as from read_parquet('links.parquet');`,
      ]
    : [
        `-- syncline duplicates links ${name} --out links.csv`,
        `create table if not exists ${table} (stream text collate "C" not null, "row" text collate "C" not null, entity uuid not null, primary key ("row", stream));`,
        `-- begin; truncate ${table}; \\copy ${table} from 'links.csv' with (format csv, header); commit;`,
      ];

async function settingsOf(
  config: OfName['config'],
  name: string,
): Promise<
  { readonly settings: DuplicateSettings } & Pick<Awaited<ReturnType<typeof loadKnownDuplicates>>, 'streams'>
> {
  const { settings: all, streams } = await loadKnownDuplicates(config);
  const settings = all.get(name);
  if (settings === undefined)
    throw new InvalidInput(`duplicates.yaml has no ${JSON.stringify(name)}: it has ${[...all.keys()].join(', ')}`);
  return { settings, streams };
}
