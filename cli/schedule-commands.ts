import { Option, type Command } from 'commander';
import type { Run } from './command.ts';

/** `syncline schedule …`: only words here; what a command needs is loaded when it is called. */
export function addScheduleCommands(program: Command, run: Run): void {
  const json = new Option('--json', 'print one JSON document and nothing else on stdout');
  const schedule = program
    .command('schedule')
    .description('schedules: apply what the definitions declare; list, pause, trigger');
  schedule
    .command('apply')
    .description('create, change and remove schedules as the definitions declare; shows the changes first')
    .option('--dry-run', 'only show the changes')
    .option('--yes', 'without asking')
    .addOption(json)
    .action(
      run<{ yes?: boolean; dryRun?: boolean }>(async (context) =>
        (await import('./commands/schedule.ts')).scheduleApply(context),
      ),
    );
  schedule
    .command('list')
    .description('each schedule: when, next and last run, pauses, missed runs')
    .addOption(json)
    .action(run(async (context) => (await import('./commands/schedule.ts')).scheduleList(context)));
  for (const [verb, does] of [
    ['pause', 'start no more runs until it is resumed'],
    ['resume', 'start runs again'],
  ] as const)
    schedule
      .command(`${verb} <partner> [schedule]`)
      .description(does)
      .requiredOption('--reason <text>', 'why: kept with the schedule')
      .addOption(json)
      .action(async (partner: string, name: string | undefined, options: { reason: string; json?: boolean }) =>
        run<typeof options>(async (context) => {
          const { schedulePause, scheduleResume } = await import('./commands/schedule.ts');
          return (verb === 'pause' ? schedulePause : scheduleResume)({ ...context, partner, name });
        })(options),
      );
  schedule
    .command('trigger <partner> [schedule]')
    .description('run the last slot now, or all slots of a period; windows that are done are not read again')
    .option('--from <time>', 'the first slot: a day or a time')
    .option('--to <time>', 'the last slot; now when absent')
    .addOption(json)
    .action(
      async (partner: string, name: string | undefined, options: { from?: string; to?: string; json?: boolean }) =>
        run<typeof options>(async (context) =>
          (await import('./commands/schedule.ts')).scheduleTrigger({ ...context, partner, name }),
        )(options),
    );
}
