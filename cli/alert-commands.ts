import { Option, type Command } from 'commander';
import type { Run } from './command.ts';
import type { AlertsListOptions, SilenceOptions } from './commands/alerts.ts';

/** `syncline alerts …`: only words here; what a command needs is loaded when it is called. */
export function addAlertCommands(program: Command, run: Run): void {
  const json = new Option('--json', 'print one JSON document for scripts');
  const alerts = program.command('alerts').description('alerts: what is wrong now, who is notified, and silences');
  alerts
    .command('list')
    .description('open alerts: what, since when, what it means, what to do')
    .option('--partner <name>', 'only those of a partner')
    .option('--all', 'also those that are over')
    .option('--check', 'exit with 1 when one is open and not silenced, for monitoring')
    .option('--limit <n>', 'how many', '100')
    .addOption(json)
    .action(run<AlertsListOptions>(async (context) => (await import('./commands/alerts.ts')).alertsList(context)));
  alerts
    .command('silence [id]')
    .description('do not notify of an alert, or of all that match, until a time; * stands for any characters')
    .option('--rule <name>', 'only alerts of a rule, such as rows-unusual')
    .option('--severity <severity>', 'only page, or only ticket')
    .option('--partner <name>', 'only of a partner')
    .option('--stream <name>', 'only of a stream')
    .option('--subject <text>', 'only of a limit, a target, a webhook or a schedule')
    .option('--for <duration>', 'how long: 30m, 2h, 3d')
    .option('--until <time>', 'until when, instead: 2026-12-01 or 2026-12-01T08:00:00Z')
    .requiredOption('--reason <text>', 'why: shown with the alert')
    .addOption(json)
    .action(async (id: string | undefined, options: SilenceOptions) =>
      run<typeof options>(async (context) => (await import('./commands/alerts.ts')).alertsSilence({ ...context, id }))(
        options,
      ),
    );
  alerts
    .command('test [channel]')
    .description('send a test to a channel of alerts.yaml, or to all of them')
    .addOption(json)
    .action(async (channel: string | undefined, options: { json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/alerts-test.ts')).alertsTest({ ...context, channel }),
      )(options),
    );
  alerts
    .command('silences')
    .description('present silences: who made them, why, and until when')
    .addOption(json)
    .action(run(async (context) => (await import('./commands/alerts.ts')).silencesList(context)));
  alerts
    .command('unsilence <id>')
    .description('end a silence before its time')
    .addOption(json)
    .action(async (id: string, options: { json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/alerts.ts')).alertsUnsilence({ ...context, id }),
      )(options),
    );
}
