import type { Pool } from 'pg';
import type { FoundPair } from '../core/duplicates.ts';
import { InvalidInput } from '../core/errors.ts';
import type { LandedStream } from '../core/landed-stream.ts';
import type { MatchCounts, Weights } from '../core/match-weights.ts';
import type { DuplicateSettings } from '../definitions/duplicates.ts';
import { countPasses, type CountedPass } from './candidates.ts';
import { compileMatch, type CompiledMatch } from './compiled-match.ts';
import { estimateWeights } from './estimate.ts';
import { loadRows, type LoadedStreamRows } from './load-rows.ts';
import { makeRows } from './make-rows.ts';
import { foundPairs } from './score.ts';
import { openSession, type Session } from './session.ts';

export interface FindInput {
  /** Of the store's database, where the tables are. */
  readonly pool: Pool;
  readonly settings: DuplicateSettings;
  /** In `duplicates.yaml`. */
  readonly name: string;
  /** By `partner.stream`. */
  readonly streams: ReadonlyMap<string, LandedStream>;
  /** Of an earlier search: pairs weigh the same as then. */
  readonly weights?: Weights | undefined;
  /** By `partner.stream`: only pairs of which a row has a later `_event`. A stream that is not in it is looked at anew. */
  readonly since?: ReadonlyMap<string, number> | undefined;
  /** Where the file of the work is made, and removed again. */
  readonly folder: string;
  /** Bound of DuckDB's buffers, such as `1GB`. */
  readonly memoryLimit: string;
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
  /** Told what is being done, at least every ten seconds until `close`. */
  readonly progress?: ((text: string) => void) | undefined;
}

export interface Found {
  readonly weights: Weights;
  /** By `partner.stream`. */
  readonly rows: Readonly<Record<string, { readonly rows: number; readonly lastEvent: number }>>;
  readonly counts: MatchCounts;
  /** Can be read once. Each pair comes once, with its best rule: pairs of exact rules first. */
  readonly pairs: AsyncIterable<readonly FoundPair[]>;
  /** Removes the file with the values; whoever calls `findPairs` calls this, whatever happens to the pairs. */
  readonly close: () => Promise<void>;
}

const AGAIN_MS = 10_000;

/** Rows that may mean the same thing (docs/duplicates.md). Reads tables in one snapshot, and changes nothing. */
export async function findPairs(input: FindInput): Promise<Found> {
  const session = await openSession(input);
  const { progress = () => {} } = input;
  let doing = '';
  // One statement may take minutes, and whoever waits wants to know that somebody is at work.
  const again = setInterval(() => progress(doing), AGAIN_MS);
  const close = async (): Promise<void> => {
    clearInterval(again);
    await session.close();
  };
  const say = (text: string): void => {
    doing = text;
    progress(text);
  };
  try {
    return { ...(await find(session, { ...input, progress: say })), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function find(session: Session, input: FindInput): Promise<Omit<Found, 'close'>> {
  const { settings, since, progress = () => {} } = input;
  const match = compileMatch(settings);
  const streams = streamsOf(input);
  progress('reading rows');
  const loaded = await loadRows(session, { pool: input.pool, streams, fields: match.fields });
  const rows = loaded.reduce((sum, each) => sum + each.rows, 0);
  progress(`preparing ${rows} rows`);
  await makeRows(session, match, freshSql(loaded, since));
  const passes = await countPasses(session, match, {
    largestBlock: settings.largestBlock,
    since: since !== undefined,
  });
  if (input.weights === undefined) progress('estimating weights');
  if (input.weights !== undefined) checkWeights(match, input.weights, input.name);
  const weights = input.weights ?? (await estimateWeights(session, match, { settings, passes, rows }));
  const names = loaded.map(({ stream }) => stream);
  const score = { match, settings, weights, passes, rows, since: since !== undefined, streams: names };
  return {
    weights,
    rows: Object.fromEntries(loaded.map(({ stream, ...counted }) => [stream, counted])),
    counts: countsOf(passes, rows, since !== undefined),
    pairs: pairsOf(passes, (pass) => {
      progress(`comparing the pairs of ${pass.name}`);
      return foundPairs(session, pass, score);
    }),
  };
}

/** Weights are found by the place of their level. */
export function checkWeights({ scored }: CompiledMatch, { fields }: Weights, name: string): void {
  for (const field of scored) {
    const wanted = [...field.levels.map(({ text }) => text), 'else'].join(', ');
    if (fields[field.name]?.map(({ level }) => level).join(', ') === wanted) continue;
    throw new InvalidInput(
      `the weights of duplicates "${name}" are of other levels of ${field.name} than its settings, which have ${wanted}; make a new plan`,
    );
  }
}

async function* pairsOf(
  passes: readonly CountedPass[],
  found: (pass: CountedPass) => AsyncIterable<readonly FoundPair[]>,
): AsyncGenerator<readonly FoundPair[]> {
  for (const pass of passes)
    if (pass.pairs > 0 || (pass.kind === 'exact' && pass.large.tooLarge > 0)) yield* found(pass);
}

/** In the order of their names, by which pairs are ordered. */
export function streamsOf({ settings, streams, name }: Pick<FindInput, 'settings' | 'streams' | 'name'>) {
  return settings.from
    .map(({ stream, fields }) => {
      const compiled = streams.get(stream);
      if (compiled === undefined)
        throw new InvalidInput(`duplicates "${name}" reads ${stream}, and there is no such stream; correct its name`);
      return { stream, compiled, columns: fields };
    })
    .toSorted((a, b) => (a.stream < b.stream ? -1 : 1));
}

function freshSql(loaded: readonly LoadedStreamRows[], since: FindInput['since']): string {
  if (since === undefined) return 'true';
  const cases = loaded.flatMap(({ stream }, at) => {
    const event = since.get(stream);
    return event === undefined ? [] : [`when ${at} then event > ${event}`];
  });
  return cases.length === 0 ? 'true' : `(case s ${cases.join(' ')} else true end)`;
}

const countsOf = (passes: readonly CountedPass[], rows: number, since: boolean): MatchCounts => ({
  rows,
  exact: Object.fromEntries(
    passes
      .filter(({ kind }) => kind === 'exact')
      // A group that is too large is a star: one pair for each row but the first.
      .map(({ name, pairs, large }) => [name, pairs + (since ? 0 : large.rowsTooLarge - large.tooLarge)]),
  ),
  blocks: passes
    .filter(({ kind }) => kind !== 'exact')
    .map(({ name, pairs, large }) => ({ block: name, pairs, ...large })),
});
