import { Option, type Command } from 'commander';
import type { Run } from './command.ts';

/** `syncline anomalies …`: only words here; what a command needs is loaded when it is called. */
export function addAnomalyCommands(program: Command, run: Run): void {
  const json = new Option('--json', 'print one JSON document and nothing else on stdout');
  const anomalies = program
    .command('anomalies')
    .description('versions that contradict one another, and broken rules of ledgers');
  anomalies
    .command('list [partner] [stream]')
    .description('list them: key, version, both events, which fields differ, how often, when and in which run')
    .option('--limit <n>', 'how many, the newest', '50')
    .addOption(json)
    .action(
      async (partner: string | undefined, stream: string | undefined, options: { limit: string; json?: boolean }) =>
        run<typeof options>(async (context) =>
          (await import('./commands/anomalies.ts')).anomaliesList({ ...context, partner, stream }),
        )(options),
    );
  anomalies
    .command('show <partner> <stream> [key...]')
    .description('show them with the values of the records: of a stream, or of one key')
    .option('--limit <n>', 'how many, the newest', '10')
    .addOption(json)
    .action(async (partner: string, stream: string, key: string[], options: { limit: string; json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/anomalies.ts')).anomaliesShow({ ...context, partner, stream, key }),
      )(options),
    );
}
