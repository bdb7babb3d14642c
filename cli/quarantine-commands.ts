import type { Command, Option } from 'commander';
import type { Run } from './command.ts';

/** Records that do not fit: looked at, and read again. */
export function addQuarantineCommands(program: Command, run: Run, json: Option): void {
  const quarantine = program.command('quarantine').description('records that do not fit their definition, and why');
  quarantine
    .command('list [partner] [stream]')
    .description('held records: what does not fit, and why; without their payloads')
    .option('--limit <n>', 'how many', '50')
    .option('--all', 'also those that were replayed')
    .addOption(json)
    .action(
      async (
        partner: string | undefined,
        stream: string | undefined,
        options: { limit: string; all?: boolean; json?: boolean },
      ) =>
        run<typeof options>(async (context) =>
          (await import('./commands/quarantine.ts')).quarantineList({ ...context, partner, stream }),
        )(options),
    );
  quarantine
    .command('show <partner> <stream> <id>')
    .description('one record, with its payload')
    .addOption(json)
    .action(async (partner: string, stream: string, id: string, options: { json?: boolean }) =>
      run(async (context) =>
        (await import('./commands/quarantine.ts')).quarantineShow({ ...context, partner, stream, id }),
      )(options),
    );
  quarantine
    .command('replay <partner> <stream>')
    .description('check the held records against the present definition; those that fit are written to their tables')
    .addOption(json)
    .action(async (partner: string, stream: string, options: { json?: boolean }) =>
      run(async (context) =>
        (await import('./commands/quarantine.ts')).quarantineReplay({ ...context, partner, stream }),
      )(options),
    );
}
