import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import type { Pool } from 'pg';
import { exportTarget } from '../../activities/apply/export-target.ts';
import { loadedTable } from '../../apply/table-of.ts';
import { exportByWorker } from '../../client/export-target.ts';
import { isServed } from '../../client/missing-pollers.ts';
import { InvalidInput } from '../../core/errors.ts';
import { compilePartner } from '../../definitions/compile.ts';
import { loadPartner } from '../../definitions/load.ts';
import { loadTargets } from '../../definitions/load-targets.ts';
import { tablesOf as tableNames, targetsOf } from '../../definitions/named-targets.ts';
import type { TargetDefinition } from '../../definitions/targets.ts';
import { unknownTarget } from '../../definitions/unknown-target.ts';
import type { ExportTargetInput, ExportTargetReport } from '../../messages/export-target.ts';
import { postgresTargetStore, type TargetStore } from '../../store/target-store.ts';
import { openTarget } from '../../workers/open-target.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase, withTemporal } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { heldBy } from '../held-by.ts';
import { isThere } from '../is-there.ts';
import { whoami } from '../person.ts';

interface ExportContext extends CommandContext<{ readonly to: string }> {
  readonly target: string;
  readonly partner: string | undefined;
  readonly stream: string | undefined;
}

/** Here, or by the worker that has the target open. */
export async function exportCommand(context: ExportContext): Promise<number> {
  const { config, output, options, target } = context;
  const { targets } = await loadTargets({ dir: config.partnersDir, env: config.env });
  const definition = targets.get(target);
  if (definition === undefined) throw unknownTarget(target, [...targets.keys()]);
  const tables = await tablesOf(context);
  const id = randomUUID();
  const input = {
    target,
    folder: resolve(options.to),
    export: id,
    by: whoami(),
    ...(tables === undefined ? {} : { tables }),
  };
  const { byWorker, tables: exported, export: noted } = await exportBySomeone(config, definition, input);
  output.json({ target, export: id, folder: input.folder, byWorker, tables: exported });
  if (exported.length > 0)
    output.table(
      exported.map((table) => ({ ...table, table: `${table.schema}.${table.table}` })),
      ['table', 'rows', 'event'],
    );
  const where = byWorker ? `${input.folder}, on the machine of its worker` : input.folder;
  // A worker that is yet to be deployed anew.
  if (noted === undefined)
    output.say(
      `its worker notes no exports yet: \`syncline export add ${input.folder} --target ${target}\` on its machine`,
    );
  output.say(`${exported.length} ${exported.length === 1 ? 'table' : 'tables'} of ${target} in ${where}`);
  return exitCodes.ok;
}

async function exportBySomeone(
  config: CommandContext['config'],
  definition: TargetDefinition,
  input: ExportTargetInput,
): Promise<ExportTargetReport & { readonly byWorker: boolean }> {
  const { target } = input;
  const served = (): Promise<boolean> =>
    withTemporal(config, (client) => isServed(client, config.names, target)).catch(() => false);
  const elsewhere = definition.type === 'duckdb' && !(await isThere(definition.path));
  if (elsewhere && !(await served()))
    throw new InvalidInput(
      `${definition.path} is not there: the first load makes it, by a worker of role target=${target}`,
    );
  if (!elsewhere)
    try {
      const store = (pool: Pool) => exportHere(config, definition, { input, store: postgresTargetStore(pool) });
      return { ...(await withDatabase(config, store)), byWorker: false };
    } catch (error) {
      if (heldBy(error) === undefined || !(await served())) throw error;
    }
  const report = await withTemporal(config, (client) => exportByWorker(client, config.names, input));
  return { ...report, byWorker: true };
}

async function exportHere(
  { names }: CommandContext['config'],
  definition: TargetDefinition,
  { input, store }: { readonly input: ExportTargetInput; readonly store: TargetStore },
): Promise<ExportTargetReport> {
  const opened = await openTarget(input.target, definition, names.controlSchema);
  try {
    return await exportTarget({ targets: { open: () => Promise.resolve(opened) }, store }, input);
  } finally {
    await opened.close();
  }
}

/** Of one stream, or of all of a partner that name the target; undefined: whatever is in it. */
async function tablesOf({ config, target, partner, stream }: ExportContext): Promise<ExportTargetInput['tables']> {
  if (partner === undefined) return undefined;
  const definition = await loadPartner(partner, { dir: config.partnersDir, env: config.env });
  const streams = compilePartner(definition, config.names);
  const tables = [...streams.keys()].flatMap(tableNames).flatMap((name) => loadedTable(streams, name) ?? []);
  if (stream !== undefined && !tables.some(({ name }) => name === stream))
    throw new InvalidInput(
      `there is no stream ${JSON.stringify(stream)}: there are ${tables.map(({ name }) => name).join(', ')}`,
    );
  const chosen = tables.filter(
    ({ name }) => (stream === undefined || name === stream) && targetsOf(definition, name).includes(target),
  );
  if (chosen.length === 0)
    throw new InvalidInput(
      `${stream === undefined ? `no stream of ${partner}` : `${partner}.${stream}`} is written to ${target}: ` +
        `\`targets: [${target}]\` in its definition does that`,
    );
  return chosen.map(({ table: { schema, table } }) => ({ schema, table }));
}
