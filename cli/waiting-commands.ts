import { Option, type Command } from 'commander';
import type { Run } from './command.ts';

/** `syncline waiting …`: only words here; what a command needs is loaded when it is called. */
export function addWaitingCommands(program: Command, run: Run): void {
  const json = new Option('--json', 'print one JSON document and nothing else on stdout');
  const waiting = program.command('waiting').description('records that wait for others, which their stream `requires`');
  waiting
    .command('list [partner] [stream]')
    .description('which records wait, for what, and since when')
    .option('--limit <n>', 'how many; those that have waited longest come first', '50')
    .option('--all', 'also those that were released or dropped')
    .addOption(json)
    .action(
      async (
        partner: string | undefined,
        stream: string | undefined,
        options: { limit: string; all?: boolean; json?: boolean },
      ) =>
        run<typeof options>(async (context) =>
          (await import('./commands/waiting.ts')).waitingList({ ...context, partner, stream }),
        )(options),
    );
  waiting
    .command('show <partner> <stream> <event>')
    .description('one record, with its payload')
    .addOption(json)
    .action(async (partner: string, stream: string, event: string, options: { json?: boolean }) =>
      run(async (context) =>
        (await import('./commands/waiting.ts')).waitingShow({ ...context, partner, stream, event }),
      )(options),
    );
  for (const [what, says] of [
    ['release', 'write records to their table although what they require is missing'],
    ['drop', 'never write records to their table; the log keeps them'],
  ] as const)
    waiting
      .command(`${what} <partner> <stream> [events...]`)
      .description(says)
      .requiredOption('--reason <text>', 'why: kept with the record')
      .option('--all', 'all that wait in the stream')
      .addOption(json)
      .action(
        async (
          partner: string,
          stream: string,
          events: string[],
          options: { reason: string; all?: boolean; json?: boolean },
        ) =>
          run<typeof options>(async (context) =>
            (await import('./commands/waiting.ts')).waitingSettle({ ...context, partner, stream, events, what }),
          )(options),
      );
}
