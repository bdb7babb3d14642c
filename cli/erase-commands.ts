import { Option, type Command } from 'commander';
import type { Run } from './command.ts';
import type { EraseOptions } from './commands/erase.ts';

/** `syncline erase …`: only words here; what a command needs is loaded when it is called. */
export function addEraseCommands(program: Command, run: Run): void {
  const json = new Option('--json', 'print one JSON document and nothing else on stdout');
  const group = program.command('erase').description('erase all data of a person, in the log and in every table');
  group
    .command('records <partner> <stream> [key...]')
    .description('show what would be erased; with --apply, erase it: it cannot be undone')
    .option('--where <field=value>', 'instead of a key: every record that ever had this value')
    .option('--apply', 'erase it')
    .option('--reason <text>', 'why, without naming the person: kept as the proof')
    .addOption(json)
    .action(async (partner: string, stream: string, key: string[], options: EraseOptions & { json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/erase.ts')).eraseRecords({ ...context, partner, stream, key }),
      )(options),
    );
  group
    .command('list')
    .description('erasures that were done; keep the JSON outside the database, for the day a backup is restored')
    .addOption(json)
    .action(run(async (context) => (await import('./commands/erase.ts')).eraseList(context)));
  group
    .command('verify <partner> <stream> <key...>')
    .description('whether a key that you know was erased')
    .addOption(json)
    .action(async (partner: string, stream: string, key: string[], options: { json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/erase.ts')).eraseVerify({ ...context, partner, stream, key }),
      )(options),
    );
  group
    .command('again')
    .description('apply all erasures again: after a backup was restored, or when a target was down')
    .option('--from <file>', 'what `syncline erase list --json` printed before')
    .addOption(json)
    .action(run<{ from?: string }>(async (context) => (await import('./commands/erase.ts')).eraseReapply(context)));
}
