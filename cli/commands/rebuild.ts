import { InvalidInput } from '../../core/errors.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { RebuildReport } from '../../landing/rebuild-table.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { rebuildLines } from '../rebuild-lines.ts';

interface StreamContext<O> extends CommandContext<O> {
  readonly partner: string;
  readonly stream: string;
}

export interface RebuildOptions {
  readonly target: string;
  readonly dryRun?: boolean;
  readonly acceptUnfit?: boolean;
}

/** One line for so many events. */
const EVERY = 5000;

export async function rebuild(context: StreamContext<RebuildOptions>): Promise<number> {
  const { config, output, options } = context;
  const stream = await streamOf(context, options.target);
  const { rebuildTable } = await import('../../landing/rebuild-table.ts');
  let told = 0;
  const report = await withDatabase(config, (pool) =>
    rebuildTable(pool, {
      stream,
      dryRun: options.dryRun === true,
      acceptUnfit: options.acceptUnfit === true,
      progress: ({ events, of }) => {
        if (events < of && events < told + EVERY) return;
        if (events > told)
          output.say(`${events.toLocaleString('en-US')} of ${of.toLocaleString('en-US')} events of the log read`);
        told = events;
      },
    }),
  );
  output.json(report);
  for (const line of rebuildLines(report, stream)) output.say(line);
  return differs(report) && !report.applied ? exitCodes.partial : exitCodes.ok;
}

const differs = ({ differences: { changed, gone, came } }: RebuildReport): boolean => changed + gone + came > 0;

export async function rollback(context: StreamContext<{ target: string }>): Promise<number> {
  const { config, output, options } = context;
  const stream = await streamOf(context, options.target);
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

async function streamOf({ config, partner, stream }: StreamContext<object>, target: string): Promise<CompiledStream> {
  if (target !== 'postgres')
    throw new InvalidInput(`--target: expected postgres (the tables beside the log), found ${JSON.stringify(target)}`);
  const [{ compileStream }, { loadPartner }] = await Promise.all([
    import('../../definitions/compile.ts'),
    import('../../definitions/load.ts'),
  ]);
  return compileStream(await loadPartner(partner, { dir: config.partnersDir, env: config.env }), stream, config.names);
}
