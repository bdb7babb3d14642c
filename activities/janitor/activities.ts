import { Context, getClient } from '@temporalio/activity';
import { InvalidInput } from '../../core/errors.ts';
import type { JanitorMode } from '../../core/leftover.ts';
import type { JanitorTally } from '../../messages/janitor.ts';
import { endReport, noteReport, readReport } from '../../store/janitor/reports.ts';
import type { ActivityDeps } from '../activity-deps.ts';
import { translatedAlive } from '../translated.ts';
import type { JanitorDeps } from './janitor-deps.ts';
import { findAll, removeAll, tallyOf } from './look.ts';

/** Activities of the janitor. */
export function janitorActivities(deps: ActivityDeps) {
  return {
    /** Names what has stayed behind, in a report. */
    lookForLeftovers: ({ mode }: { readonly mode: JanitorMode }): Promise<JanitorTally> =>
      translatedAlive(deps, async () => {
        const janitor = janitorOf(deps);
        const found = await findAll(janitor, (work) => work(getClient()), { mode });
        const run = Context.current().info.workflowExecution?.runId ?? '';
        const report = await noteReport(janitor.pool, { run, by: 'schedule', mode, ...found });
        return tallyOf(await readReport(janitor.pool, report));
      }),
    /** Removes what nobody needs; what could not be removed comes back in words. */
    removeLeftovers: ({ report }: { readonly report: number }): Promise<readonly string[]> =>
      translatedAlive(deps, () => removeAll(janitorOf(deps), report)),
    endJanitor: ({ report, troubles }: { report: number; troubles: readonly string[] }): Promise<JanitorTally> =>
      translatedAlive(deps, async () => {
        const { pool } = janitorOf(deps);
        await endReport(pool, report, troubles);
        return tallyOf(await readReport(pool, report));
      }),
  };
}

function janitorOf({ janitor }: ActivityDeps): JanitorDeps {
  if (janitor === undefined) throw new InvalidInput('this worker does not look for what has stayed behind');
  return janitor;
}
