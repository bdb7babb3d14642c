import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { Pool } from 'pg';
import { InvalidInput } from '../../core/errors.ts';
import { noteGone, readExports, type KnownExport } from '../../store/exports/exports.ts';
import { exportOfPending, noteUnreached, pendingErasures } from '../../store/exports/pending-exports.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { addExport } from '../found-export.ts';
import { givenReason, whoami } from '../person.ts';

/** Where exports are, and what is in them. */
export async function exportList({
  config,
  output,
  options,
}: CommandContext<{ readonly all?: boolean }>): Promise<number> {
  return withDatabase(config, async (pool) => {
    const exports = (await readExports(pool)).filter(({ state }) => options.all === true || state !== 'gone');
    const pending = await pendingErasures(pool);
    const left = (id: string): number =>
      pending.filter((erasure) => erasure.pending.some((each) => exportOfPending(each) === id)).length;
    output.json({ exports: exports.map((known) => ({ ...known, erasuresPending: left(known.export) })) });
    if (exports.length === 0) output.say('No export is noted.');
    else
      output.table(
        exports.map((known) => ({
          export: known.export.slice(0, 8),
          target: known.target,
          tables: known.tables.map(tableWords).join(', '),
          format: known.format,
          folder: known.folder,
          on: known.host,
          at: known.at.slice(0, 19).replace('T', ' '),
          by: known.by,
          state: known.state,
          'to erase': left(known.export) === 0 ? '' : String(left(known.export)),
        })),
        ['export', 'target', 'tables', 'format', 'folder', 'on', 'at', 'by', 'state', 'to erase'],
      );
    return exitCodes.ok;
  });
}

const tableWords = ({ schema, table, event, partner }: KnownExport['tables'][number]): string =>
  `${schema}.${table} to event ${event}${partner === null ? ' (of no stream)' : ''}`;

interface AddContext extends CommandContext<{ readonly target?: string }> {
  readonly folder: string;
}

/** Somebody knows where files of an export are. */
export async function exportAdd({ config, output, options, folder }: AddContext): Promise<number> {
  return withDatabase(config, async (pool) => {
    const place = { folder: resolve(folder), host: hostname(), by: whoami() };
    const added = await addExport(pool, { ...place, target: options.target });
    output.json({ export: added.id, folder: place.folder, host: place.host });
    output.say(added.says);
    return exitCodes.ok;
  });
}

/** Somebody knows that the files of an export are gone. */
export async function exportGone({
  config,
  output,
  options,
  id,
}: CommandContext<{ readonly reason: string }> & { readonly id: string }): Promise<number> {
  const reason = givenReason(options.reason);
  return withDatabase(config, async (pool) => {
    const found = await idOf(pool, id);
    await noteGone(pool, { id: found, by: whoami(), reason, from: ['writing', 'complete', 'gone'] });
    await noteUnreached(pool, found);
    output.json({ export: found, state: 'gone' });
    output.say(`export ${found.slice(0, 8)}: its files are gone, and no erasure looks for them any more.`);
    return exitCodes.ok;
  });
}

/** Of an id, or its beginning. A database that was restored may know an export only by what is pending in it. */
async function idOf(pool: Pool, start: string): Promise<string> {
  const known = (await readExports(pool)).map((each) => each.export);
  const pending = (await pendingErasures(pool)).flatMap((each) =>
    each.pending.flatMap((name) => exportOfPending(name) ?? []),
  );
  const all = [...new Set([...known, ...pending])].filter((each) => each.startsWith(start.toLowerCase()));
  const [first, ...others] = all;
  if (first === undefined)
    throw new InvalidInput(`there is no export ${JSON.stringify(start)}: \`syncline export list\` has them`);
  if (others.length > 0)
    throw new InvalidInput(`${all.length} exports begin with ${JSON.stringify(start)}: write more of the id`);
  return first;
}
