import { changePlan } from '../../cli/commands/duplicates-change.ts';
import { decide } from '../../cli/commands/duplicates-decide.ts';
import { driftOfDuplicates } from '../../cli/commands/duplicates-drift.ts';
import { planDuplicates } from '../../cli/commands/duplicates-find.ts';
import { importDecisions } from '../../cli/commands/duplicates-import.ts';
import { viewInTarget, writeLinks } from '../../cli/commands/duplicates-links.ts';
import { showDuplicates } from '../../cli/commands/duplicates.ts';
import { withTemporal } from '../../cli/context.ts';
import { catchUpSchedule } from '../../client/schedules.ts';
import type { Config } from '../../config/config.ts';
import type { ScheduledJoinReport } from '../../messages/scheduled-join.ts';
import { eventually } from '../support/eventually.ts';
import { said, type Said } from '../support/said.ts';

export const why = { reason: 'a test' };

/** `syncline duplicates …` for `people`, and for plans by their numbers. */
export function duplicateCommands(config: () => Config) {
  const run = <O extends object>(
    command: (context: Parameters<Parameters<typeof said<O>>[2]>[0]) => Promise<number>,
    options: O,
  ): Promise<Said> => said(config(), options, command);
  const plan = (): Promise<Said> => run((context) => planDuplicates({ ...context, name: 'people' }), {});
  const show = (of: string, options = {}): Promise<Said> =>
    run((context) => showDuplicates({ ...context, plan: of }), options);
  const decided = (of: string, decision: 'approve' | 'reject', options = {}): Promise<Said> =>
    run((context) => decide({ ...context, plan: of, decision }), { ...why, ...options });
  const change = (of: string, action: 'apply' | 'undo', scope = {}): Promise<Said> =>
    run((context) => changePlan({ ...context, plan: of, action }), { ...why, ...scope });
  const drift = (options = {}): Promise<Said> =>
    run((context) => driftOfDuplicates({ ...context, name: 'people' }), options);
  const view = (target: string): Promise<Said> =>
    run((context) => viewInTarget({ ...context, name: 'people' }), { target });
  const links = (out: string): Promise<Said> => run((context) => writeLinks({ ...context, name: 'people' }), { out });
  const imported = (of: string, file: string): Promise<Said> =>
    run((context) => importDecisions({ ...context, plan: of }), { ...why, file });

  /** Runs a slot of a joining, and waits for its end. */
  const slot = (name: string): Promise<ScheduledJoinReport> =>
    withTemporal(config(), async (client) => {
      const { names } = config();
      const of = { partner: 'duplicates', name };
      const id = `${names.scheduledRunId(of)}-2026-02-01T06:00:00Z`;
      const latest = (): Promise<string | undefined> =>
        client.workflow
          .getHandle(id)
          .describe()
          .then(
            ({ runId }) => runId,
            () => undefined,
          );
      const before = await latest();
      const range = { from: new Date('2026-02-01T05:00:00Z'), to: new Date('2026-02-01T07:00:00Z') };
      await catchUpSchedule(client, names, of, range);
      await eventually(async () => (await latest()) !== before);
      return client.workflow.getHandle(id, await latest()).result() as Promise<ScheduledJoinReport>;
    });

  return { run, plan, show, decided, change, drift, view, links, imported, slot };
}
