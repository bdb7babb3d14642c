import { tellTarget } from '../../client/tell-target.ts';
import { explain, InvalidInput } from '../../core/errors.ts';
import { streamOf } from '../../core/table-name.ts';
import { STORE } from '../../definitions/targets.ts';
import { unknownTarget } from '../../definitions/unknown-target.ts';
import type { PlaceInTarget } from '../../messages/apply-target.ts';
import type { Comparison } from '../../store/comparisons/read-comparisons.ts';
import type { CommandContext } from '../command.ts';
import { compareInTarget, expectServed, type ComparesWith } from '../compare-in-target.ts';
import {
  comparisonColumns,
  comparisonLines,
  comparisonRow,
  differing,
  exitCodeOf,
  nextSteps,
} from '../comparison-lines.ts';
import { withDatabase, withTemporal } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { loadDeclared } from '../named-places.ts';
import { rebuildInTarget } from './rebuild-in-target.ts';

export interface CompareOptions {
  readonly heal?: boolean;
}

type Context = CommandContext<CompareOptions> & { readonly name: string; readonly tables: readonly string[] };

/** What became of one table. */
interface Compared {
  readonly comparison: Comparison;
  /** It was made anew from the log, and this is how it stood before. */
  readonly before?: Comparison;
}

export async function targetsCompare(context: Context): Promise<number> {
  const { config, output } = context;
  const { places, problems } = await placesIn(context);
  return withTemporal(config, async (client) => {
    await expectServed({ client, names: config.names }, context.name);
    return withDatabase(config, async (pool) => {
      const { names, heartbeatTimeoutMs } = config;
      const by = { client, pool, names, heartbeatTimeoutMs };
      const read = await readStreams(by);
      const compared: Compared[] = [];
      const failures: { readonly table: string; readonly problem: string }[] = [];
      // One after the other: each reads a whole table on both sides.
      for (const place of places) {
        const isRead = read.has(`${place.partner}.${streamOf(place.stream)}`);
        if (!isRead && context.tables.length === 0) continue;
        try {
          compared.push(await compareOne(context, by, place));
        } catch (error) {
          if (places.length === 1) throw error;
          failures.push({ table: `${place.partner}.${place.stream}`, problem: explain(error) });
        }
      }
      output.json({
        compared: compared.map(({ comparison, before }) => ({ ...comparison, before })),
        failures,
        problems,
      });
      if (compared.length + failures.length + problems.length === 0) output.say(nothingIn(context, places));
      print(context, compared);
      for (const { table, problem } of failures) output.say(`${table}: ${problem}`);
      for (const problem of problems) output.say(`\nNot compared: ${problem}`);
      return failures.length + problems.length > 0
        ? exitCodes.failed
        : exitCodeOf(compared.map(({ comparison }) => comparison));
    });
  });
}

interface Asked {
  readonly places: readonly PlaceInTarget[];
  /** Of definitions that do not load, or name a target that there is not: nobody can tell what they write here. */
  readonly problems: readonly string[];
}

async function placesIn({ config, name, tables }: Context): Promise<Asked> {
  if (name === STORE)
    throw new InvalidInput(
      'the store is what targets are compared with: `syncline doctor --tables` compares its own tables with their logs',
    );
  const { targets, places, broken, unknown } = await loadDeclared(config);
  if (!targets.has(name)) throw unknownTarget(name, [...targets.keys()]);
  const own = places.filter(({ target }) => target === name);
  const problems = [...broken.map(({ problem }) => problem), ...unknown];
  if (tables.length === 0) return { places: own, problems };
  const named = [...new Set(tables)].map((table) => {
    const found = own.find(({ partner, stream }) => `${partner}.${stream}` === table);
    if (found !== undefined) return found;
    const ofBroken = broken.find(({ partner }) => table.startsWith(`${partner}.`));
    if (ofBroken !== undefined) throw new InvalidInput(ofBroken.problem);
    throw new InvalidInput(
      `${table} is not written to ${name}: ${own.length === 0 ? 'nothing is' : `there are ${own.map(({ partner, stream }) => `${partner}.${stream}`).join(', ')}`}`,
    );
  });
  return { places: named, problems: [] };
}

const nothingIn = ({ name }: Context, places: readonly PlaceInTarget[]): string =>
  places.length === 0
    ? `Nothing to compare: no stream names ${name}; \`targets: [${name}]\` in a definition does that.`
    : 'Nothing to compare: no stream that this target gets was read yet.';

/** `acme.payments` of streams that were ever read. */
async function readStreams({ pool }: ComparesWith): Promise<ReadonlySet<string>> {
  const { rows } = await pool.query<{ name: string }>(
    `select partner || '.' || name as name from streams where last_event > 0`,
  );
  return new Set(rows.map(({ name }) => name));
}

/** A rebuild takes the log as the truth, and the comparison the store: where both agree, the table is right. */
async function compareOne(
  { config, output, options }: Context,
  by: ComparesWith,
  place: PlaceInTarget,
): Promise<Compared> {
  const before = await compareInTarget(by, place);
  if (options.heal !== true || before.verdict === 'clean') return { comparison: before };
  // A table that is not there, or does not fit yet, is what loads make and mend.
  if (before.verdict !== 'differs') {
    await tellTarget(by.client, { names: by.names, ...place, signal: 'goOn' });
    return { comparison: before };
  }
  await rebuildInTarget({ config, output }, { ...place, action: 'rebuild', acceptUnfit: false });
  // A table that was emptied because rows were gone is filled by a load.
  await tellTarget(by.client, { names: by.names, ...place, signal: 'goOn' });
  return { comparison: await compareInTarget(by, place), before };
}

function print({ output, options }: Context, compared: readonly Compared[]): void {
  if (compared.length > 0)
    output.table(
      compared.map(({ comparison }) => comparisonRow(comparison)),
      comparisonColumns,
    );
  for (const { comparison: of, before } of compared) {
    if (before !== undefined)
      for (const line of [
        `${of.partner}.${of.stream} was made anew from the log. Before that:`,
        ...comparisonLines(before),
      ])
        output.say(line);
    if (compared.length > 1 && before === undefined && differing(of) > 0) output.say(`${of.partner}.${of.stream}:`);
    for (const line of comparisonLines(of)) output.say(line);
    if (options.heal === true && of.verdict === 'unproven')
      output.say(
        `${of.partner}.${of.stream}: a load was called for, and mends what loads can. \`syncline targets list\` says when it is done: compare again then.`,
      );
    if (before !== undefined && of.verdict === 'differs')
      output.say(
        `It is as the log says now, so the store's own table is not: syncline rebuild ${of.partner} ${of.stream} --dry-run`,
      );
    else for (const line of nextSteps(of)) output.say(line);
  }
}
