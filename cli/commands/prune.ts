import type { Pool } from 'pg';
import { InvalidInput } from '../../core/errors.ts';
import { compilePartner } from '../../definitions/compile.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { listPartners, loadPartner } from '../../definitions/load.ts';
import { postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import { removesEvents } from '../../definitions/keep.ts';
import type { PrunedStream } from '../../messages/prune.ts';
import { checkLog, type CheckedLog } from '../../store/retention/check-log.ts';
import { forgetOld, nothingForgotten, type Forgotten } from '../../store/retention/forget-old.ts';
import type { Forgetting } from '../../store/retention/forgetting.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { streamNamed } from '../stream-named.ts';

interface PruneContext extends CommandContext<{ readonly dryRun?: boolean; readonly check?: boolean }> {
  readonly partner: string | undefined;
  readonly stream: string | undefined;
}

/** Removes what need not be kept any longer, or says what that would be: the same as workers do once a day. */
export async function prune(context: PruneContext): Promise<number> {
  const { config, output, options } = context;
  const { dryRun = false, check = false } = options;
  const streams = await streamsOf(context);
  if (check) return withDatabase(config, (pool) => checkLogs(pool, context, streams));
  const declared = streams.filter(({ keep }) => removesEvents(keep));
  return withDatabase(config, async (pool) => {
    const forgotten = await forgetOld(pool, { ...keptBy(streams), only: onlyOf(context), dryRun });
    const warehouse = postgresWarehouse(pool, { names: config.names });
    const done: Pruned[] = [];
    for (const stream of declared) {
      const pruned = await warehouse.pruneStream(stream, { dryRun });
      const partner = stream.partner.name;
      const old = forgotten.find((each) => each.partner === partner && each.stream === stream.name);
      done.push({ ...nothingForgotten, ...old, ...pruned, partner });
    }
    for (const old of forgotten)
      if (!done.some(({ partner, stream }) => partner === old.partner && stream === old.stream))
        done.push({ ...nothing, ...old });
    output.json(done);
    if (declared.length === 0)
      output.say('No log says how long it is kept: `keep` in a definition does that (docs/retention.md).');
    if (done.length === 0) return exitCodes.ok;
    output.table(
      done.map(
        ({ partner, stream, lines, bytes, pages, waited, entries, findings, comparisons, gathered, logOnDisk }) => ({
          stream: `${partner}.${stream}`,
          events: count(lines),
          frees: size(bytes),
          pages: count(pages),
          waited: count(waited),
          quarantine: count(entries),
          findings: count(findings + gathered),
          comparisons: count(comparisons),
          log: size(logOnDisk),
        }),
      ),
      ['stream', 'events', 'frees', 'pages', 'waited', 'quarantine', 'findings', 'comparisons', 'log'],
    );
    for (const { partner, stream, stays } of done) if (stays !== null) output.say(`${partner}.${stream}: ${stays}.`);
    if (dryRun) output.say('Nothing was removed: this was a dry run.');
    return exitCodes.ok;
  });
}

type Pruned = PrunedStream & Forgotten;
const nothing = {
  lines: 0,
  bytes: 0,
  pages: 0,
  pageBytes: 0,
  waited: 0,
  entries: 0,
  logOnDisk: 0,
  stays: null,
} as const;

const keptBy = (streams: readonly CompiledStream[]): Pick<Forgetting, 'kept' | 'except'> => ({
  kept: streams.flatMap(({ partner, name: stream, keep }) =>
    keep?.findings === undefined ? [] : [{ partner: partner.name, stream, keptMs: keep.findings }],
  ),
  except: [],
});

const onlyOf = ({ partner, stream }: PruneContext): Forgetting['only'] =>
  partner === undefined ? undefined : { partner, stream };

async function checkLogs(pool: Pool, { output }: PruneContext, streams: readonly CompiledStream[]): Promise<number> {
  const checked: (CheckedLog & { readonly partner: string; readonly stream: string })[] = [];
  for (const { partner, name: stream } of streams) {
    const found = await checkLog(pool, { partner: partner.name, stream });
    if (found !== undefined) checked.push({ partner: partner.name, stream, ...found });
  }
  output.json(checked);
  output.table(
    checked.map(({ partner, stream, lines, removed, missing, rows }) => ({
      stream: `${partner}.${stream}`,
      events: count(lines),
      removed: count(removed),
      missing: count(missing),
      'rows without one': count(rows),
    })),
    ['stream', 'events', 'removed', 'missing', 'rows without one'],
  );
  const bad = checked.filter(({ missing, rows }) => missing !== 0 || rows > 0);
  for (const { partner, stream } of bad)
    output.say(
      `${partner}.${stream}: retention did not remove what is missing. Somebody removed it, or an older backup was restored: see docs/backup.md, and read the records again.`,
    );
  return bad.length === 0 ? exitCodes.ok : exitCodes.failed;
}

async function streamsOf({ config, partner, stream }: PruneContext): Promise<readonly CompiledStream[]> {
  const from = { dir: config.partnersDir, env: config.env };
  const names = partner === undefined ? await listPartners(config.partnersDir) : [partner];
  if (names.length === 0) throw new InvalidInput(`there is no definition in ${config.partnersDir}`);
  const all: CompiledStream[] = [];
  for (const name of names) {
    const streams = compilePartner(await loadPartner(name, from), config.names);
    all.push(...(stream === undefined ? streams.values() : [streamNamed(streams, stream)]));
  }
  return all;
}

const count = (n: number): string => n.toLocaleString('en-US');

function size(bytes: number): string {
  const [value, unit] = bytes < 1e6 ? [bytes / 1e3, 'kB'] : bytes < 1e9 ? [bytes / 1e6, 'MB'] : [bytes / 1e9, 'GB'];
  return `${value.toLocaleString('en-US', { maximumFractionDigits: 1 })} ${unit}`;
}
