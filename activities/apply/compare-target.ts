import { loadedTable, type LoadedTable } from '../../apply/table-of.ts';
import { SECOND } from '../../core/duration.ts';
import { InvalidInput } from '../../core/errors.ts';
import { verdictOf } from '../../core/reconcile.ts';
import { isHistory, streamOf } from '../../core/table-name.ts';
import { STORE } from '../../definitions/targets.ts';
import type { CompareSoFar, CompareStep, CompareStepped } from '../../messages/compare-target.ts';
import type { StreamLog } from '../../store/log/find-log.ts';
import type { ApplyDeps } from './apply-target.ts';
import { lookAtRows, type BothSides, type LookedAtRows } from './look-at-rows.ts';
import { reshaping } from './reshaping.ts';

export interface CompareContext {
  readonly signal: AbortSignal;
}

type Deps = Pick<ApplyDeps, 'partners' | 'targets' | 'store'>;

const WAIT_MS = 5 * SECOND;
/** Two minutes: loads of a target begin at least once a minute. */
const MOST_WAITS = 24;
const MOST_LOOKS = 4;

/** One step: counts and checksums of both sides; or, where these differ and the target has loaded what the store knew then, the rows that differ. */
export async function compareTarget(deps: Deps, step: CompareStep, context: CompareContext): Promise<CompareStepped> {
  const { loaded, log } = await found(deps, step);
  const [store, target] = [await deps.targets.open(STORE), await deps.targets.open(step.target)];
  const { table } = reshaping(loaded, log);
  const { definitionVersion } = loaded.stream;
  const sides: BothSides = { place: placeOf(step), table, streamId: log.streamId, definitionVersion, store, target };
  return new Comparing(deps, { step, context, sides, log, loaded }).run();
}

async function found(
  { partners, targets, store }: Deps,
  { target, partner, stream: name }: CompareStep,
): Promise<{ readonly loaded: LoadedTable; readonly log: StreamLog }> {
  const streams = await partners.streams(partner);
  const stream = streamOf(name);
  if (!streams.has(stream)) throw new InvalidInput(`${partner} has no stream ${stream}`);
  const loaded = loadedTable(streams, name);
  if (loaded === undefined) throw new InvalidInput(`${partner}.${stream} has no history`);
  if (target === STORE)
    throw new InvalidInput(
      `the store is what targets are compared with: \`syncline rebuild ${partner} ${name} --dry-run\` compares it with its log`,
    );
  if (!(await targets.of(partner, name)).includes(target))
    throw new InvalidInput(`${partner}.${name} is not written to ${target}`);
  const log = await store.findLog(partner, stream);
  if (log === undefined) throw new InvalidInput(`${partner}.${stream} was never read: there is nothing to compare`);
  return { loaded, log };
}

interface Given {
  readonly step: CompareStep;
  readonly context: CompareContext;
  readonly sides: BothSides;
  readonly log: StreamLog;
  readonly loaded: LoadedTable;
}

class Comparing {
  readonly #deps: Deps;
  readonly #given: Given;

  constructor(deps: Deps, given: Given) {
    this.#deps = deps;
    this.#given = given;
  }

  async run(): Promise<CompareStepped> {
    const { step, sides } = this.#given;
    const { comparison, buckets, state, verdict, reason } = await this.#deps.store.openComparison({
      ...sides.place,
      streamId: sides.streamId,
      runId: step.runId,
    });
    // The attempt before has ended it, and could not say so any more.
    if (verdict !== null) return { state: 'done', comparison, verdict };
    if (state === 'failed') return { state: 'refused', reason: reason ?? 'it has ended' };
    if (step.soFar !== null && buckets !== null) return this.#rows(step.soFar, buckets);
    const whyNot = await this.#whyNot();
    if (whyNot !== undefined) return this.#close(comparison, noRows, [whyNot]);
    const differ = buckets ?? (await this.#sums(comparison));
    if (differ.length === 0) return this.#close(comparison, noRows, []);
    return this.#later({ comparison, upTo: (await this.#log()).lastEvent, waits: 0, looks: 0 }, 0);
  }

  /** Why the two tables cannot be compared; undefined: they can. */
  async #whyNot(): Promise<string | undefined> {
    const { step, sides, loaded, log } = this.#given;
    const { partner, stream, target } = step;
    if (isHistory(stream) && !(await this.#deps.targets.of(partner, stream)).includes(STORE))
      return `the store has no table of this history: \`syncline rebuild ${partner} ${stream} --target ${target} --dry-run\` compares it with the log`;
    if (loaded.stream.definition.disposition === 'replace') {
      const range = { streamId: log.streamId, after: 0, to: log.lastEvent, keyed: loaded.stream.keyColumns.length > 0 };
      if ((await this.#deps.store.nextListing(range)) === undefined)
        return 'the log does not know a complete listing yet: the next one puts it there';
    }
    const ours = await sides.store.misfit(sides.table);
    if (ours !== undefined) return `in the store ${ours}`;
    const theirs = await sides.target.misfit(sides.table);
    if (theirs !== undefined) return `in ${target} ${theirs}: the next load sees to that`;
    return undefined;
  }

  /** The first look. Each side is summed where it is; which buckets differ is kept, so that this is done once. */
  async #sums(comparison: number): Promise<readonly number[]> {
    const { store, target, table } = this.#given.sides;
    const [ours, theirs] = await this.#unlessCancelled(Promise.all([store.sums(table), target.sums(table)]));
    const buckets = ours.sums.differing(theirs.sums);
    const [storeRows, targetRows] = [ours.sums.rows, theirs.sums.rows];
    await this.#deps.store.noteSums({ comparison, storeRows, targetRows, buckets });
    return buckets;
  }

  /** The second look, at rows, once the target has what the store had at the first one. */
  async #rows(soFar: CompareSoFar, buckets: readonly number[]): Promise<CompareStepped> {
    const { step, sides } = this.#given;
    const { live } = await sides.target.placed(sides.table);
    const isBehind = (live?.event ?? 0) < soFar.upTo;
    const pause = isBehind ? await this.#deps.store.pauseOf(step.target) : undefined;
    const wait = soFar.waits < MOST_WAITS ? this.#later({ ...soFar, waits: soFar.waits + 1 }, WAIT_MS) : undefined;
    if (isBehind && pause === undefined && wait !== undefined) return wait;
    const unfitting = await this.#whyNot();
    if (unfitting !== undefined) return wait ?? this.#close(soFar.comparison, noRows, [unfitting]);
    const seen = await this.#unlessCancelled(
      lookAtRows(this.#deps.store, sides, { buckets, mayGoOn: () => this.#given.context.signal.throwIfAborted() }),
    );
    // Another definition may have come while rows were read.
    const since = await this.#whyNot();
    if (since !== undefined) return wait ?? this.#close(soFar.comparison, noRows, [since]);
    // Another table may have taken its place, which stands at an earlier event.
    const looked = !isBehind && (seen?.targetEvent ?? 0) < soFar.upTo ? undefined : seen;
    if (looked === undefined && soFar.looks < MOST_LOOKS)
      return this.#later({ ...soFar, looks: soFar.looks + 1 }, WAIT_MS);
    const doubts: string[] = [];
    if (pause !== undefined) doubts.push(`loads are paused (${pause.reason})`);
    else if (isBehind) doubts.push('the target is behind: `syncline targets list` says since when');
    if (looked === undefined)
      doubts.push('the table changed as a whole each time it was looked at: compare it at another time');
    return this.#close(soFar.comparison, looked ?? noRows, doubts);
  }

  async #close(
    comparison: number,
    looked: LookedAtRows | typeof noRows,
    more: readonly string[],
  ): Promise<CompareStepped> {
    const { counts, doubts: own, ...rest } = looked;
    const doubts = [...more, ...own];
    const verdict = verdictOf({ open: counts.missing + counts.extra + counts.different, unproven: 0, doubts });
    const reason = doubts.join('; ') || null;
    const { streamId } = this.#given.sides;
    const ended = await this.#deps.store.closeComparison({ ...rest, comparison, streamId, verdict, reason, counts });
    return ended === null
      ? { state: 'refused', reason: 'it was ended meanwhile: compare again' }
      : { state: 'done', comparison, verdict: ended };
  }

  #later(soFar: CompareSoFar, afterMs: number): CompareStepped {
    return { state: 'more', soFar, afterMs };
  }

  async #log(): Promise<StreamLog> {
    const { partner, stream } = this.#given.step;
    return (await this.#deps.store.findLog(partner, streamOf(stream))) ?? this.#given.log;
  }

  /** A statement under way ends by itself, and nobody waits for it. */
  async #unlessCancelled<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.#given.context;
    signal.throwIfAborted();
    work.catch(() => {});
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
    return Promise.race([work, aborted]);
  }
}

const noRows = {
  counts: { missing: 0, extra: 0, different: 0 },
  differences: [],
  inFlight: 0,
  leftOut: 0,
  targetEvent: null,
  doubts: [],
} as const;

const placeOf = ({ target, partner, stream }: CompareStep): BothSides['place'] => ({ target, partner, stream });
