import { Option, type Command } from 'commander';
import type { CallsOptions } from './commands/calls.ts';
import type { Run } from './command.ts';

/** `syncline calls`: only words here; what a command needs is loaded when it is called. */
export function addCallCommands(program: Command, run: Run): void {
  program
    .command('calls [partner] [stream]')
    .description('requests to partners, the newest first: when, why, status, duration, wait for the permit')
    .option('--run <id>', 'only calls of one run: of a partner with all its streams, or of a stream')
    .option('--since <time>', 'only calls of the last 30m, 2h, 7d, or since a time such as 2026-11-24T03:00:00Z')
    .option('--status <status>', 'a status, 2xx, 3xx, 4xx or 5xx, none (no answer came), failed (all that went wrong)')
    .option('--request <id>', "the partner's own id of a request")
    .option('--limit <n>', 'how many', '50')
    .addOption(new Option('--json', 'print one JSON document for scripts'))
    .action(async (partner: string | undefined, stream: string | undefined, options: CallsOptions) =>
      run<CallsOptions>(async (context) =>
        (await import('./commands/calls.ts')).calls({ ...context, partner, stream }),
      )(options),
    );
}
