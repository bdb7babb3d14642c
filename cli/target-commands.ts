import { Option, type Command } from 'commander';
import type { Run } from './command.ts';
import type { CompareOptions } from './commands/targets-compare.ts';
import type { ComparedOptions } from './commands/targets-compared.ts';

/** `syncline targets …`: only words here; what a command needs is loaded when it is called. */
export function addTargetCommands(program: Command, run: Run): void {
  const json = new Option('--json', 'print one JSON document and nothing else on stdout');
  const targets = program
    .command('targets')
    .description("warehouses that streams are written to beside the store's own PostgreSQL");
  targets
    .command('list')
    .description('each target: kind, place, pause; each stream in it: how many events behind, since when, last error')
    .addOption(json)
    .action(run(async (context) => (await import('./commands/targets.ts')).targetsList(context)));
  targets
    .command('check [name]')
    .description('open each target, or one, and say whether it works, or what to do')
    .addOption(json)
    .action(async (name: string | undefined, options: { json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/targets.ts')).targetsCheck({ ...context, name }),
      )(options),
    );
  targets
    .command('compare <name> [tables...]')
    .description(
      'compare tables in a target (PARTNER.STREAM; all when none is named) with the store, row by row where checksums differ',
    )
    .option('--heal', 'make tables that differ anew from the log, and compare them again')
    .addOption(json)
    .action(async (name: string, tables: string[], options: CompareOptions & { json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/targets-compare.ts')).targetsCompare({ ...context, name, tables }),
      )(options),
    );
  targets
    .command('compared [id]')
    .description('comparisons and what they came to, the newest first; of one, each row that differs')
    .option('--target <name>', 'only those of this target')
    .option('--limit <n>', 'how many', '50')
    .addOption(json)
    .action(async (id: string | undefined, options: ComparedOptions & { json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/targets-compared.ts')).targetsCompared({ ...context, id }),
      )(options),
    );
  targets
    .command('pause <name>')
    .description('load nothing into a target until it is resumed; reading goes on, nothing is lost')
    .requiredOption('--reason <text>', 'why: kept with the pause')
    .addOption(json)
    .action(async (name: string, options: { reason: string; json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/target-pauses.ts')).targetsPause({ ...context, name }),
      )(options),
    );
  targets
    .command('resume <name>')
    .description('load again, starting with everything that came meanwhile')
    .addOption(json)
    .action(async (name: string, options: { json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/target-pauses.ts')).targetsResume({ ...context, name }),
      )(options),
    );
}
