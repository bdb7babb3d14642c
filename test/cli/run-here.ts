import { Command, Option } from 'commander';
import { addBackfillCommands } from '../../cli/backfill-commands.ts';
import type { Run } from '../../cli/command.ts';
import { withDevServices } from '../../cli/context.ts';
import { addEraseCommands } from '../../cli/erase-commands.ts';
import { sayError } from '../../cli/error-document.ts';
import { exitCodes } from '../../cli/exit.ts';
import { addJanitorCommands } from '../../cli/janitor-commands.ts';
import { addLimitCommands } from '../../cli/limit-commands.ts';
import { createOutput } from '../../cli/output.ts';
import { addRebuildCommands } from '../../cli/rebuild-commands.ts';
import { runCommand } from '../../cli/run-command.ts';
import { addRunControl } from '../../cli/run-control.ts';
import { addScheduleCommands } from '../../cli/schedule-commands.ts';
import { addTargetCommands } from '../../cli/target-commands.ts';
import { plainLook } from '../../cli/terminal/paint.ts';
import { addUndoCommands } from '../../cli/undo-commands.ts';
import { readConfig, type Config } from '../../config/config.ts';
import { ownEnv, runSyncline, type Ended } from './run-syncline.ts';

/**
 * As `runSyncline`, in this process: for tests of what a command does and says, since each process costs up to a second of CPU. Commands that are in no
 * group here get a process.
 */
export async function runHere(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> {
  const config = readConfig({ ...ownEnv(), ...env });
  return (await runIn(config, args)) ?? runSyncline(args, env);
}

/** undefined: the command is in none of the groups. */
export async function runIn(config: Config, args: readonly string[]): Promise<Ended | undefined> {
  const said = { stdout: '', stderr: '' };
  const to = {
    stdout: (text: string) => void (said.stdout += text),
    stderr: (text: string) => void (said.stderr += text),
  };
  const json = args.includes('--json');
  let code: number = exitCodes.ok;
  const run: Run = (work) => async (options) => {
    const output = createOutput(json, plainLook, to);
    code = await runCommand(work, { config: withDevServices(config), output, options });
  };
  const program = new Command('syncline').exitOverride().configureOutput({ writeOut: to.stdout, writeErr: to.stderr });
  addGroups(program, run);
  if (!knows(program, args)) return undefined;
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    code = sayError(error, { json, to });
  }
  return { code, ...said };
}

function addGroups(program: Command, run: Run): void {
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
  const json = new Option('--json');
  addLimitCommands(program, run, json);
  addRunControl({ runs: program.command('runs'), partners: program.command('partners'), run, json });
}

/** Of `runs` and `partners` only what controls runs is here. */
function knows(program: Command, [group, name]: readonly string[]): boolean {
  const found = program.commands.find((command) => command.name() === group);
  if (group !== 'runs' && group !== 'partners') return found !== undefined;
  return found?.commands.some((command) => command.name() === name) === true;
}
