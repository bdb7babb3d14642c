import { Option, type Command } from 'commander';
import type { Run } from './command.ts';

/** `syncline export …`: only words here; what a command needs is loaded when it is called. */
export function addExportCommands(program: Command, run: Run): void {
  const json = new Option('--json', 'print one JSON document and nothing else on stdout');
  const group = program.command('export').description('tables of a target as files, and where such files are');
  group
    .command('write <target> [partner] [stream]', { isDefault: true })
    .description('write tables of a target as files of Parquet: all, those of a partner, or one')
    .requiredOption('--to <folder>', 'a folder that does not exist yet; it appears when it is complete')
    .addOption(json)
    .action(
      async (
        target: string,
        partner: string | undefined,
        stream: string | undefined,
        options: { to: string; json?: boolean },
      ) =>
        run<typeof options>(async (context) =>
          (await import('./commands/export.ts')).exportCommand({ ...context, target, partner, stream }),
        )(options),
    );
  group
    .command('list')
    .description('exports that were written, where they are, and what is still to be erased in them')
    .option('--all', 'also those that are gone')
    .addOption(json)
    .action(run<{ all?: boolean }>(async (context) => (await import('./commands/exports.ts')).exportList(context)));
  group
    .command('add <folder>')
    .description('record where an export is: one that was moved or copied, or never recorded')
    .option('--target <name>', 'the target of the export, if it was never recorded')
    .addOption(json)
    .action(async (folder: string, options: { target?: string; json?: boolean }) =>
      run<typeof options>(async (context) => (await import('./commands/exports.ts')).exportAdd({ ...context, folder }))(
        options,
      ),
    );
  group
    .command('gone <id>')
    .description('record that the files of an export were deleted, so that erasures ignore them')
    .requiredOption('--reason <text>', 'how you know: kept with the export')
    .addOption(json)
    .action(async (id: string, options: { reason: string; json?: boolean }) =>
      run<typeof options>(async (context) => (await import('./commands/exports.ts')).exportGone({ ...context, id }))(
        options,
      ),
    );
}
