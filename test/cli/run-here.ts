import { Command, CommanderError, Option } from 'commander';
import { addBackfillCommands } from '../../cli/backfill-commands.ts';
import { addEraseCommands } from '../../cli/erase-commands.ts';
import { addJanitorCommands } from '../../cli/janitor-commands.ts';
import { addLimitCommands } from '../../cli/limit-commands.ts';
import { addRebuildCommands } from '../../cli/rebuild-commands.ts';
import { addScheduleCommands } from '../../cli/schedule-commands.ts';
import { addTargetCommands } from '../../cli/target-commands.ts';
import { addUndoCommands } from '../../cli/undo-commands.ts';
import type { Run } from '../../cli/command.ts';
import { withDevServices } from '../../cli/context.ts';
import { errorDocument, exitCodeOfError } from '../../cli/error-document.ts';
import { exitCodes } from '../../cli/exit.ts';
import { renderTable } from '../../cli/output.ts';
import { plainLook } from '../../cli/terminal/paint.ts';
import { readConfig } from '../../config/config.ts';
import { explain } from '../../core/errors.ts';
import { visibleJson, visibleLines } from '../../core/visible.ts';
import { ownEnv, runSyncline, type Ended } from './run-syncline.ts';

/**
 * As `runSyncline`, in this process: for tests of what a command does and says, since each process costs up to a second of CPU. Commands that are in no
 * group here get a process.
 */
export async function runHere(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> {
  const said = { stdout: '', stderr: '' };
  const write = (to: keyof typeof said) => (text: string) => {
    said[to] += text;
  };
  let code: number = exitCodes.ok;
  const json = args.includes('--json');
  const document = (value: unknown): void => {
    if (json) said.stdout += `${visibleJson(JSON.stringify(value, null, 2))}\n`;
  };
  const run: Run = (work) => async (options) => {
    code = await work({
      config: withDevServices(readConfig({ ...ownEnv(), ...env })),
      options,
      output: {
        say: (line) => void (json || (said.stdout += `${visibleLines(line)}\n`)),
        table: (rows, columns) => void (json || (said.stdout += `${renderTable(rows, columns, plainLook)}\n`)),
        json: document,
        note: (line) => void (said.stderr += `${visibleLines(line)}\n`),
      },
    });
  };
  const program = new Command('syncline')
    .exitOverride()
    .configureOutput({ writeOut: write('stdout'), writeErr: write('stderr') });
  for (const add of [
    addBackfillCommands,
    addEraseCommands,
    addJanitorCommands,
    addRebuildCommands,
    addScheduleCommands,
    addTargetCommands,
    addUndoCommands,
  ])
    add(program, run);
  addLimitCommands(program, run, new Option('--json'));
  if (!program.commands.some((command) => command.name() === args[0])) return runSyncline(args, env);
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) code = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    else {
      code = exitCodeOfError(error);
      if (said.stdout === '') document(errorDocument(error));
      said.stderr += `syncline: ${visibleLines(explain(error))}\n`;
    }
  }
  return { code, ...said };
}
