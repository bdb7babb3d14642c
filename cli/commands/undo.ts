import type { Pool } from 'pg';
import { InvalidInput } from '../../core/errors.ts';
import { historyOf, isHistory, streamOf as withoutHistory } from '../../core/table-name.ts';
import { compilePartner } from '../../definitions/compile.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { tablesElsewhere } from '../../definitions/named-targets.ts';
import { takeUndosBack, undoRuns, type UndoReport } from '../../landing/undo-run.ts';
import type { RunOfStream } from '../../landing/undoable.ts';
import { showRun } from '../../store/inspect/inspect.ts';
import { noteTargetDone, readUndos } from '../../store/undo/undos.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { withAllMade } from '../../landing/made-columns.ts';
import { loadWhole } from '../load-whole.ts';
import { givenReason, whoami } from '../person.ts';
import { streamNamed } from '../stream-named.ts';
import { undoLines } from '../undo-lines.ts';

export interface UndoOptions {
  readonly stream?: string;
  readonly reason?: string;
  readonly apply?: boolean;
}

type UndoContext = CommandContext<UndoOptions> & { readonly id: string };

export const undoRun = (context: UndoContext): Promise<number> => change(context, 'run');
export const undoBack = (context: UndoContext): Promise<number> => change(context, 'back');

async function change(context: UndoContext, way: 'run' | 'back'): Promise<number> {
  const { config, output, options, id } = context;
  const { apply = false } = options;
  if (apply && options.reason === undefined)
    throw new InvalidInput('--apply needs --reason: why, in a few words; it is kept with the undo');
  const reason = apply ? givenReason(options.reason ?? '') : '';
  return withDatabase(config, async (pool) => {
    const found = await runsOf(context, pool);
    const undone = (await readUndos(pool)).filter(({ back }) => back === null);
    const isUndone = ({ syncId }: RunOfStream): boolean => undone.some((undo) => undo.syncId === syncId);
    const runs = found.filter((run) => isUndone(run) === (way === 'back'));
    // Nothing is left to do in the store: targets may be left.
    if (runs.length === 0) return goOn(context, pool, found);
    const done = await (way === 'run' ? undoRuns : takeUndosBack)(pool, { runs, by: whoami(), reason, dryRun: !apply });
    const told = done.map((report) => ({
      report,
      stream: runs.find(({ syncId }) => syncId === report.syncId)?.stream as CompiledStream,
    }));
    for (const { report, stream } of told)
      for (const line of undoLines(report, { way, follows: tablesElsewhere(stream) })) output.say(line);
    if (!apply) {
      output.json({ id, applied: false, streams: done });
      output.say(
        `Nothing was changed: --apply --reason … does it${way === 'run' ? `, and \`syncline undo back ${id}\` takes it back` : ''}.`,
      );
      return exitCodes.ok;
    }
    const pending = await remakeTables(context, done, runs);
    output.json({ id, applied: true, streams: done, pending });
    return pending.length === 0 ? exitCodes.ok : exitCodes.partial;
  });
}

/** A run of a partner stands for those of its streams. */
async function runsOf({ config, options, id }: UndoContext, pool: Pool): Promise<readonly RunOfStream[]> {
  const { streams } = await showRun(pool, id);
  const wanted = streams.filter(({ stream }) => options.stream === undefined || stream === options.stream);
  const partner = wanted[0]?.partner;
  if (partner === undefined)
    throw new InvalidInput(
      streams.length === 0
        ? `${id} has read no stream`
        : `${id} has not read ${JSON.stringify(options.stream)}: it has read ${streams.map(({ stream }) => stream).join(', ')}`,
    );
  const { partner: definition } = await loadWhole(partner, { dir: config.partnersDir, env: config.env });
  const compiled = await withAllMade(pool, compilePartner(definition, config.names));
  return wanted.map(({ stream, syncId }) => ({ stream: streamNamed(compiled, stream), syncId }));
}

/** What was done already, and whose targets were out of reach then. */
async function goOn(context: UndoContext, pool: Pool, runs: readonly RunOfStream[]): Promise<number> {
  const { output, id, options } = context;
  const left = (await readUndos(pool)).filter(
    ({ syncId, pending }) => pending.length > 0 && runs.some((run) => run.syncId === syncId),
  );
  if (left.length === 0)
    throw new InvalidInput(`${id} is ${await stateOf(pool, runs)}: \`syncline undo list\` shows what was undone`);
  if (options.apply !== true) {
    for (const { stream, pending } of left)
      output.say(`${stream}: its tables in ${pending.join(', ')} are still to be made anew: --apply does it`);
    output.json({ id, applied: false, pending: left.flatMap(({ pending }) => pending) });
    return exitCodes.partial;
  }
  const pending = await remakeTables(
    context,
    left.map(({ undo, syncId, stream, pending: targets }) => ({ undo, syncId, stream, targets })),
    runs,
  );
  output.json({ id, applied: true, streams: [], pending });
  return pending.length === 0 ? exitCodes.ok : exitCodes.partial;
}

const stateOf = async (pool: Pool, runs: readonly RunOfStream[]): Promise<string> =>
  (await readUndos(pool)).some(({ syncId, back }) => back === null && runs.some((run) => run.syncId === syncId))
    ? 'undone already'
    : 'not undone';

type ToRemake = Pick<UndoReport, 'undo' | 'syncId' | 'stream' | 'targets'>;

/** Tables that the log cannot tell what changes are made anew of it. Returns the targets that nobody could do it in. */
async function remakeTables(
  { config, output, id }: UndoContext,
  done: readonly ToRemake[],
  runs: readonly RunOfStream[],
): Promise<readonly string[]> {
  const pending: string[] = [];
  for (const { undo, syncId, stream, targets } of done)
    for (const target of targets)
      try {
        const partner = runs.find((run) => run.syncId === syncId)?.stream.partner.name as string;
        const { rebuildInTarget } = await import('./rebuild-in-target.ts');
        const table = isHistory(target) ? historyOf(stream) : stream;
        await rebuildInTarget(
          { config, output },
          {
            target: withoutHistory(target),
            partner,
            stream: table,
            action: 'rebuild',
            acceptUnfit: false,
            logChanged: true,
          },
        );
        await withDatabase(config, (pool) => noteTargetDone(pool, { undo, target }));
        output.say(`${stream} in ${target}: made anew from the log.`);
      } catch (error) {
        pending.push(target);
        output.say(
          `${stream} in ${target}: still as before (${error instanceof Error ? error.message : String(error)}). The same command goes on there: \`syncline undo run ${id} --apply --reason …\`.`,
        );
      }
  return pending;
}
