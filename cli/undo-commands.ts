import { Option, type Command } from 'commander';
import type { Run } from './command.ts';
import type { UndoOptions } from './commands/undo.ts';

/** `syncline undo …`: only words here; what a command needs is loaded when it is called. */
export function addUndoCommands(program: Command, run: Run): void {
  const json = new Option('--json', 'print one JSON document and nothing else on stdout');
  const group = program.command('undo').description('make the tables as if a run had never been; later runs are kept');
  const change = (name: 'run' | 'back', description: string): void => {
    group
      .command(`${name} <id>`)
      .description(description)
      .option('--stream <name>', 'only this stream of the run')
      .option('--apply', 'do it; without it nothing changes')
      .option('--reason <text>', 'why: kept with the undo')
      .addOption(json)
      .action(async (id: string, options: UndoOptions & { json?: boolean }) =>
        run<typeof options>(async (context) => {
          const { undoBack, undoRun } = await import('./commands/undo.ts');
          return (name === 'run' ? undoRun : undoBack)({ ...context, id });
        })(options),
      );
  };
  change('run', 'show what would change; with --apply, make the tables as if the run had never been');
  change('back', 'take an undo back: the records of the run count again');
  group
    .command('list [partner]')
    .description('runs that were undone: by whom, why, and whether the undo was taken back')
    .addOption(json)
    .action(async (partner: string | undefined, options: { json?: boolean }) =>
      run(async (context) => (await import('./commands/undos.ts')).undoList({ ...context, partner }))(options),
    );
}
