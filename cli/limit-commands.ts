import { Option, type Command } from 'commander';
import type { Run } from './command.ts';

/** How fast a partner may be asked: shown, and changed for a time. */
export function addLimitCommands(program: Command, run: Run, json: Option): void {
  const ofStream = new Option('--stream <name>', 'the limits of a stream with an `auth` of its own');
  const limits = program.command('limits').description('how fast a partner may be asked, and how much of it is used');
  limits
    .command('show <partner>')
    .description('each limit: declared, in force, used, left, forecast; what blocks the partner, and changes by people')
    .addOption(ofStream)
    .addOption(json)
    .action(async (partner: string, options: { stream?: string; json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/limits.ts')).limitsShow({ ...context, partner }),
      )(options),
    );
  limits
    .command('set <partner> <limit> <value>')
    .description('change a declared limit while everything runs, from the next permit on')
    .requiredOption('--reason <text>', 'why: kept with the change')
    .option('--for <duration>', 'ends by itself after 30m, 2h, 1d; when absent, until it is reset')
    .addOption(ofStream)
    .addOption(json)
    .action(
      async (
        partner: string,
        bucket: string,
        value: string,
        options: { reason: string; for?: string; stream?: string; json?: boolean },
      ) =>
        run<typeof options>(async (context) =>
          (await import('./commands/limits.ts')).limitsSet({ ...context, partner, bucket, value }),
        )(options),
    );
  limits
    .command('reset <partner> [limit]')
    .description('go back to the definition: one limit, or all')
    .requiredOption('--reason <text>', 'why: kept with the change')
    .option('--block', "also end the partner's own block before its time")
    .option('--yes', 'confirms --block')
    .addOption(ofStream)
    .addOption(json)
    .action(
      async (
        partner: string,
        bucket: string | undefined,
        options: { reason: string; block?: boolean; yes?: boolean; stream?: string; json?: boolean },
      ) =>
        run<typeof options>(async (context) =>
          (await import('./commands/limits.ts')).limitsReset({ ...context, partner, bucket }),
        )(options),
    );
}
