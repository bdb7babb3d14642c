import { Option, type Command } from 'commander';
import type { Run } from './command.ts';
import type { PlanOptions } from './commands/plan.ts';

/** `syncline plan`, `drift`, `trace` and `prune`: what the log makes of tables, what it tells, and how much of it is kept. */
export function addLogCommands(program: Command, run: Run): void {
  const json = new Option('--json', 'print one JSON document and nothing else on stdout');
  program
    .command('plan <partner> [stream]')
    .description('show what a changed definition would change in the tables, before it does')
    .option('--apply', 'also change the types of columns, filled anew from the log; people read the table meanwhile')
    .option('--accept-unfit', 'with --apply: leave the column empty in rows whose record no longer fits the definition')
    .addOption(json)
    .action(async (partner: string, stream: string | undefined, options: PlanOptions & { json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/plan.ts')).plan({ ...context, partner, stream }),
      )(options),
    );

  program
    .command('drift <partner> [stream]')
    .description('what a partner has changed: fields that the schema does not name, values of another type')
    .addOption(json)
    .action(async (partner: string, stream: string | undefined, options: { json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/drift.ts')).drift({ ...context, partner, stream }),
      )(options),
    );

  program
    .command('trace <partner> <stream> <key...>')
    .description('the life of one record: where each version came from, what it changed, what each target shows')
    .option('--limit <n>', 'how many events, the newest', '50')
    .option('--search <n>', 'how many events of the log to read, if it has no index on keys', '1000000')
    .option('--values', 'also show the values of the record')
    .addOption(json)
    .action(
      async (
        partner: string,
        stream: string,
        key: string[],
        options: { limit: string; search: string; values?: boolean; json?: boolean },
      ) =>
        run<typeof options>(async (context) =>
          (await import('./commands/trace.ts')).trace({ ...context, partner, stream, key }),
        )(options),
    );

  program
    .command('prune [partner] [stream]')
    .description('remove what `keep` in the definitions no longer keeps, as workers do once a day')
    .option('--dry-run', 'show what would be removed, and how much space that frees')
    .option('--check', 'only check that nothing but retention has removed events of the log')
    .addOption(json)
    .action(
      async (
        partner: string | undefined,
        stream: string | undefined,
        options: { dryRun?: boolean; check?: boolean; json?: boolean },
      ) =>
        run<typeof options>(async (context) =>
          (await import('./commands/prune.ts')).prune({ ...context, partner, stream }),
        )(options),
    );
}
