import { Option, type Command } from 'commander';
import type { Run } from './command.ts';

/** `syncline janitor …`: only words here; what a command needs is loaded when it is called. */
export function addJanitorCommands(program: Command, run: Run): void {
  const json = new Option('--json', 'print one JSON document and nothing else on stdout');
  const group = program
    .command('janitor')
    .description('what has stayed behind: dead claims, tables of ended runs, old quarantine, unused keys');
  group
    .command('look', { isDefault: true })
    .description('name it in a report (the default); with --apply also remove what nobody needs')
    .option('--apply', 'remove what nobody needs')
    .addOption(json)
    .action(run<{ apply?: boolean }>(async (context) => (await import('./commands/janitor.ts')).janitor(context)));
  group
    .command('list')
    .description('reports, the newest first')
    .option('--limit <n>', 'how many', '20')
    .addOption(json)
    .action(
      run<{ limit: string }>(async (context) => (await import('./commands/janitor-reports.ts')).janitorList(context)),
    );
  group
    .command('show [id]')
    .description('what a report found, where, and who ends it; the last one when none is named')
    .addOption(json)
    .action(async (id: string | undefined, options: { json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/janitor-reports.ts')).janitorShow({ ...context, id }),
      )(options),
    );
}
