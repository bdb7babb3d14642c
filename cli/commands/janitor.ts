import { randomUUID } from 'node:crypto';
import { findAll, removeAll } from '../../activities/janitor/look.ts';
import { SECOND } from '../../core/duration.ts';
import { endReport, noteReport, readReport } from '../../store/janitor/reports.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase, withTemporal } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { findingColumns, findingRow, leftOf } from '../janitor-lines.ts';
import { whoami } from '../person.ts';

/** Says what has stayed behind, and with --apply removes what nobody needs. */
export async function janitor({
  config,
  output,
  options,
}: CommandContext<{ readonly apply?: boolean }>): Promise<number> {
  return withDatabase(config, async (pool) => {
    const { names, partnersDir, env } = config;
    const deps = { pool, names, partnersDir, env, folders: config.janitor.folders, now: () => Date.now() };
    const apply = options.apply === true;
    const mode = apply ? 'apply' : 'report';
    const looked = await findAll(deps, (work) => withTemporal(config, work, { patienceMs: 2 * SECOND }), { mode });
    const number = await noteReport(pool, { run: randomUUID(), by: whoami(), mode, ...looked });
    await endReport(pool, number, apply ? await removeAll(deps, number) : []);
    const report = await readReport(pool, number);
    const found = report.findings;
    const { removable, person } = leftOf(report);
    output.json(report);
    for (const trouble of report.troubles) output.note(trouble);
    if (found.length === 0) output.say('Nothing has stayed behind.');
    else output.table(found.map(findingRow), findingColumns);
    if (removable > 0 && !apply)
      output.say('Nothing was removed: this was a dry run. `syncline janitor --apply` removes what it can.');
    return removable + person === 0 ? exitCodes.ok : exitCodes.partial;
  });
}
