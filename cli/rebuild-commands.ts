import { Option, type Command } from 'commander';
import type { Run } from './command.ts';
import type { RebuildOptions } from './commands/rebuild.ts';

const addKey = (key: string, before: readonly string[]): readonly string[] => [...before, key];

/** `syncline rebuild` and `rollback`: only words here; what a command needs is loaded when it is called. */
export function addRebuildCommands(program: Command, run: Run): void {
  const json = new Option('--json', 'print one JSON document and nothing else on stdout');
  program
    .command('rebuild <partner> <stream>')
    .description('make a table again from the log, beside the live one, and correct the rows that differ')
    .option('--target <name>', 'which warehouse', 'postgres')
    .option(
      '--window <window>',
      'only keys that runs of this window brought or changed: a day, or a range such as 2026-11-01..2026-11-24',
    )
    .option(
      '--key <key>',
      "only this key: its value, or 'field=value …' for several fields; may be repeated",
      addKey,
      [],
    )
    .option('--dry-run', 'only compare; exits with 3 when rows differ')
    .option('--accept-unfit', 'also remove or set back rows whose record no longer fits the schema')
    .addOption(json)
    .action(async (partner: string, stream: string, options: RebuildOptions & { json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/rebuild.ts')).rebuild({ ...context, partner, stream }),
      )(options),
    );
  program
    .command('rollback <partner> <stream>')
    .description('restore the rows that the last rebuild changed, unless something newer has come since')
    .option('--target <name>', 'which warehouse', 'postgres')
    .addOption(json)
    .action(async (partner: string, stream: string, options: { target: string; json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/rebuild.ts')).rollback({ ...context, partner, stream }),
      )(options),
    );
}
