import { Option, type Command } from 'commander';
import type { Run } from './command.ts';

interface StartOptions {
  from: string;
  to: string;
  chunk: string;
  zone?: string;
  order: string;
  concurrency: string;
  force?: boolean;
  dryRun?: boolean;
  wait?: boolean;
  json?: boolean;
}

/** `syncline backfill …`: only words here; what a command needs is loaded when it is called. */
export function addBackfillCommands(program: Command, run: Run): void {
  const json = new Option('--json', 'print one JSON document and nothing else on stdout');
  const backfill = program.command('backfill').description('read the past of a stream, window by window');
  backfill
    .command('start <partner> <stream>', { isDefault: true })
    .description('start a backfill, join it if it runs, or go on with what is left of it')
    .requiredOption('--from <day>', 'a day, or a time: 2025-01-01, 2025-01-01T06:00:00Z')
    .requiredOption('--to <day>', 'a day, which is included, or a time, which is not')
    .option('--chunk <duration>', 'length of a window: 30m, 6h, 1d, 2w', '1d')
    .option('--zone <zone>', 'the time zone of the days, such as Europe/Berlin; UTC when absent')
    .option('--order <order>', 'oldest or newest first', 'oldest')
    .option('--concurrency <n>', 'how many windows are read at once', '2')
    .option('--force', 'read all windows again')
    .option('--dry-run', 'estimate requests and time, and start nothing')
    .option('--wait', 'stay until it has ended')
    .addOption(json)
    .action(async (partner: string, stream: string, options: StartOptions) =>
      run<StartOptions>(async (context) =>
        (await import('./commands/backfill.ts')).backfillStart({ ...context, partner, stream }),
      )(options),
    );
  backfill
    .command('list')
    .description('backfills and their progress, the newest first')
    .option('--partner <name>', 'only those of this partner')
    .option('--limit <n>', 'how many', '20')
    .addOption(json)
    .action(
      run<{ partner?: string; limit: string }>(async (context) =>
        (await import('./commands/backfills.ts')).backfillList(context),
      ),
    );
  backfill
    .command('show <id>')
    .description('its progress, what is wrong, and how long it will take')
    .option('--windows', 'also each window')
    .addOption(json)
    .action(async (id: string, options: { windows?: boolean; json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/backfills.ts')).backfillShow({ ...context, id }),
      )(options),
    );
  backfill
    .command('pause <id>')
    .description('start no further window; those that are being read go on to their ends')
    .option('--now', 'also stop those that are being read, after their current page')
    .addOption(json)
    .action(async (id: string, options: { now?: boolean; json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/backfills.ts')).backfillPause({ ...context, id }),
      )(options),
    );
  for (const [name, says] of [
    ['resume', 'go on after a pause'],
    ['cancel', 'end it after the current pages; started again, it goes on from there'],
  ] as const)
    backfill
      .command(`${name} <id>`)
      .description(says)
      .addOption(json)
      .action(async (id: string, options: { json?: boolean }) =>
        run(async (context) => {
          const { backfillCancel, backfillResume } = await import('./commands/backfills.ts');
          return (name === 'resume' ? backfillResume : backfillCancel)({ ...context, id });
        })(options),
      );
}
