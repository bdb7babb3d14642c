import { InvalidInput } from '../../core/errors.ts';
import { askedKey, pairsOf } from '../../core/key-asked.ts';
import { isHistory } from '../../core/table-name.ts';
import { parseWindow } from '../../core/window.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { STORE } from '../../definitions/targets.ts';
import type { RebuildTargetInput, TargetRebuilt } from '../../messages/rebuild-target.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { differs, rebuildLines, type Rebuilt } from '../rebuild-lines.ts';

interface StreamContext<O> extends CommandContext<O> {
  readonly partner: string;
  readonly stream: string;
}

export interface RebuildOptions {
  readonly target: string;
  readonly dryRun?: boolean;
  readonly acceptUnfit?: boolean;
  readonly window?: string;
  readonly key?: readonly string[];
}

/** One line for so many events. */
const EVERY = 5000;

export async function rebuild(context: StreamContext<RebuildOptions>): Promise<number> {
  const { output, options, partner, stream } = context;
  const { target, dryRun = false, acceptUnfit = false } = options;
  const isHere = target === STORE && !isHistory(stream);
  const part = partOf(options);
  if (part !== undefined && !isHere)
    throw new InvalidInput(
      `--window and --key: ${isHistory(stream) ? 'a history' : `a table in ${target}`} is made anew as a whole: \`syncline rebuild ${partner} ${stream}${
        target === STORE ? '' : ` --target ${target}`
      }\``,
    );
  const report: Rebuilt = isHere
    ? await rebuildHere(context, part)
    : await inTarget(context, { target, partner, stream, action: dryRun ? 'compare' : 'rebuild', acceptUnfit });
  output.json(report);
  for (const line of rebuildLines(report, { partner, stream, target, part: part === undefined ? '' : wordsOf(part) }))
    output.say(line);
  return differs(report) && !report.applied ? exitCodes.partial : exitCodes.ok;
}

async function rebuildHere(context: StreamContext<RebuildOptions>, part: Part | undefined): Promise<Rebuilt> {
  const { config, output, options } = context;
  const defined = await streamOf(context);
  const scope =
    part === undefined
      ? undefined
      : 'window' in part
        ? part
        : { keys: part.keys.map((key) => askedKey(pairsOf(key, defined.keyColumns), defined.keyColumns)) };
  const { withMade } = await import('../../landing/made-columns.ts');
  const { rebuildTable } = await import('../../landing/rebuild-table.ts');
  let told = 0;
  return withDatabase(config, async (pool) =>
    rebuildTable(pool, {
      stream: await withMade(pool, defined),
      dryRun: options.dryRun === true,
      acceptUnfit: options.acceptUnfit === true,
      scope,
      progress: ({ events, of }) => {
        if (events < of && events < told + EVERY) return;
        const [read, all] = [events, of].map((event) => event.toLocaleString('en-US'));
        // Of some keys, few of these events were read.
        if (events > told && scope === undefined) output.say(`${read} of ${all} events of the log read`);
        else if (events > told && events < of) output.say(`up to event ${read} of ${all}`);
        told = events;
      },
    }),
  );
}

/** What of a table is rebuilt, as a person writes it. */
type Part = { readonly window: string } | { readonly keys: readonly string[] };

/** undefined: all of it. */
function partOf({ window, key: keys = [] }: RebuildOptions): Part | undefined {
  if (window !== undefined && keys.length > 0)
    throw new InvalidInput('--window and --key: give one of them, and the other with a second command');
  if (window !== undefined) parseWindow(window);
  if (window !== undefined) return { window };
  return keys.length === 0 ? undefined : { keys };
}

const wordsOf = (part: Part): string =>
  'window' in part ? ` --window ${part.window}` : part.keys.map((key) => ` --key ${inShell(key)}`).join('');

const inShell = (text: string): string =>
  /^[\w.:@=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;

export async function rollback(context: StreamContext<{ target: string }>): Promise<number> {
  const { config, output, options, partner, stream: name } = context;
  const { target } = options;
  if (target !== STORE || isHistory(name)) {
    const {
      table,
      upTo,
      unfilled = [],
    } = await inTarget(context, {
      target,
      partner,
      stream: name,
      action: 'rollback',
      acceptUnfit: false,
    });
    output.json({ table, upTo, unfilled });
    output.say(`${table} in ${target}: the table of before is back; what came since event ${upTo} is loaded now.`);
    if (unfilled.length > 0)
      output.say(`It lacks ${unfilled.join(', ')}: the next load makes it anew from the log to fill that.`);
    return exitCodes.ok;
  }
  const stream = await streamOf(context);
  const { rollBackTable } = await import('../../landing/rebuild-table.ts');
  const undone = await withDatabase(config, (pool) => rollBackTable(pool, stream));
  output.json(undone);
  const { restored, kept } = undone;
  output.say(
    `${stream.schema}.${stream.table}: ${count(restored)} as before the rebuild` +
      (kept === 0 ? '.' : `; ${count(kept)} left alone, since something newer has come.`),
  );
  return exitCodes.ok;
}

const count = (rows: number): string => (rows === 1 ? '1 row' : `${rows.toLocaleString('en-US')} rows`);

const inTarget = async (context: CommandContext<unknown>, input: RebuildTargetInput): Promise<TargetRebuilt> =>
  (await import('./rebuild-in-target.ts')).rebuildInTarget(context, input);

async function streamOf({ config, partner, stream }: StreamContext<object>): Promise<CompiledStream> {
  const [{ compileStream }, { loadPartner }] = await Promise.all([
    import('../../definitions/compile.ts'),
    import('../../definitions/load.ts'),
  ]);
  return compileStream(await loadPartner(partner, { dir: config.partnersDir, env: config.env }), stream, config.names);
}
