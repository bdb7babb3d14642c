import { loadedTable, type LoadedTable } from '../../apply/table-of.ts';
import { MINUTE } from '../../core/duration.ts';
import { InvalidInput, RetryLater } from '../../core/errors.ts';
import { isHistory, streamOf } from '../../core/table-name.ts';
import { addUnfit, noUnfit, type UnfitEvents } from '../../core/unfit-events.ts';
import type { PlaceInTarget } from '../../messages/apply-target.ts';
import type { RebuildSoFar, RebuildStep, RebuildStepped, TargetRebuilt } from '../../messages/rebuild-target.ts';
import type { StreamLog } from '../../store/log/find-log.ts';
import type { OpenedTable, Place, Target, TargetTable } from '../../targets/target.ts';
import type { ApplyDeps } from './apply-target.ts';
import { compareRows, type ComparedRows } from './compare-rows.ts';
import { loadTable, type Load } from './load-table.ts';
import { reshaping } from './reshaping.ts';
import { noteLive } from './note-live.ts';

export interface RebuildContext {
  readonly signal: AbortSignal;
  readonly heartbeat: (progress: Pick<RebuildSoFar, 'event' | 'lastEvent'>) => void;
}

/** After so long the workflow shows how far it is. */
const MOST_MS = MINUTE / 2;
/** While it is compared a table may be loaded into; then it is compared again. */
const MOST_TRIES = 10;

type Deps = Pick<ApplyDeps, 'partners' | 'targets' | 'store' | 'now' | 'draining'>;

/**
 * One step of a rebuild: makes the table beside the live one as far as that is, in the time of a step; then compares the two, and
 * lets it take the live one's place if they differ. The one before is kept for a rollback.
 */
export async function rebuildTarget(deps: Deps, step: RebuildStep, context: RebuildContext): Promise<RebuildStepped> {
  const { partners, targets, store } = deps;
  const streams = await partners.streams(step.partner);
  const stream = streamOf(step.stream);
  if (!streams.has(stream)) throw new InvalidInput(`${step.partner} has no stream ${stream}`);
  const loaded = loadedTable(streams, step.stream);
  if (loaded === undefined)
    throw new InvalidInput(`${step.partner}.${stream} has no history: \`history: true\` in its definition does that`);
  if (!(await targets.of(step.partner, step.stream)).includes(step.target))
    throw new InvalidInput(
      `${step.partner}.${step.stream} is not written to ${step.target}: \`targets: [${step.target}]\` in its definition does that`,
    );
  const log = await store.findLog(step.partner, stream);
  if (log === undefined)
    throw new InvalidInput(`${step.partner}.${stream} was never read: there is no log to make a table of`);
  const target = await targets.open(step.target);
  const { rows } = await targets.loads(step.target);
  const rebuilding = new Rebuilding(deps, { step, context, loaded: reshaping(loaded, log), target, log, rows });
  return step.action === 'rollback' ? rebuilding.rollBack() : rebuilding.run();
}

interface Given {
  readonly step: RebuildStep;
  readonly context: RebuildContext;
  readonly loaded: LoadedTable;
  readonly target: Target;
  readonly log: StreamLog;
  /** Most events in memory at once. */
  readonly rows: number;
}

class Rebuilding {
  readonly #deps: Deps;
  readonly #given: Given;
  readonly #live: TargetTable;
  readonly #build: TargetTable;
  readonly #endMs: number;
  #unfit: UnfitEvents;
  /** Columns of the live table that have other types. */
  #retyped: NonNullable<OpenedTable['retyped']> = [];

  constructor(deps: Deps, given: Given) {
    this.#deps = deps;
    this.#given = given;
    this.#live = { ...given.loaded.table, tellsTypes: true };
    this.#build = { ...this.#live, place: 'build' };
    this.#endMs = deps.now() + MOST_MS;
    this.#unfit = given.step.soFar?.unfit ?? noUnfit;
  }

  async run(): Promise<RebuildStepped> {
    const { target, step, context } = this.#given;
    const begun = await this.#begin();
    if (begun === undefined) return this.#eraseBeside();
    const { live, build } = begun;
    // A step before has done it, and its answer was lost.
    if (build.id === live.id) {
      if (step.action === 'erase') await target.drop({ ...this.#live, place: 'old' });
      await this.#noteLive();
      return this.#done(live.event, { changed: 0, gone: 0, came: 0, ofEvents: 0 }, true);
    }
    const { id } = build;
    let { event } = build;
    if (!(await this.#catchUp()))
      return { state: 'more', soFar: { table: id, event, lastEvent: this.#goal, unfit: this.#unfit } };
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const standing = await target.open(this.#live);
      // Somebody took away what said where it stands.
      const isLost = standing.changed !== undefined && standing.event === 0;
      const lastEvent = isLost ? this.#given.log.lastEvent : standing.event;
      for (let loaded = 0; event < lastEvent; loaded++) {
        context.signal.throwIfAborted();
        if (loaded > 0 && this.#isOver())
          return { state: 'more', soFar: { table: id, event, lastEvent, unfit: this.#unfit } };
        event = await this.#load(id, event, lastEvent);
        context.heartbeat({ event, lastEvent });
      }
      const differences = await this.#compare();
      const after = await target.open(this.#live);
      // Loads went on meanwhile: what was compared is of two moments.
      if (after.id !== standing.id || after.event !== standing.event) continue;
      return this.#end({ id, over: standing.id, event, differences, changedBefore: standing.changed });
    }
    throw new RetryLater(
      `${this.#live.schema}.${this.#live.table} is loaded into faster than it can be compared: \`syncline targets pause ${step.target}\` ` +
        'stops that meanwhile',
    );
  }

  /** The table that was there before the last rebuild and the live one change places; its missing events are loaded then. */
  async rollBack(): Promise<RebuildStepped> {
    const { target, step } = this.#given;
    const { live, old } = await target.placed(this.#live);
    if (step.soFar === null) {
      if (old === undefined || live === undefined)
        throw new InvalidInput(
          `no rebuild has changed ${this.#live.schema}.${this.#live.table} in ${step.target}: there is nothing to restore`,
        );
      // One that does not fit the definition is refused before anything changes.
      const { id: table, event, outdated, changed, retyped = [] } = await target.open({ ...this.#live, place: 'old' });
      if (changed !== undefined)
        throw new InvalidInput(
          `somebody has changed the table of before (${changed}), and the next load would make it anew: there is nothing to restore`,
        );
      if (outdated === true || retyped.length > 0)
        throw new InvalidInput(
          `the table of before ${outdated === true ? 'was made by other transforms' : `has other types (${retyped.map(({ name }) => name).join(', ')})`}: ` +
            'there is nothing to restore that fits the definition',
        );
      return { state: 'more', soFar: { table, event, lastEvent: live.event, unfit: this.#unfit } };
    }
    await target.rollback(this.#live, step.soFar.table);
    await this.#noteLive();
    const { unfilled } = await target.open(this.#live);
    const stepped = this.#done(step.soFar.event, { changed: 0, gone: 0, came: 0, ofEvents: 0 }, true);
    return unfilled.length === 0 ? stepped : { ...stepped, report: { ...stepped.report, unfilled } };
  }

  /**
   * Goes on with the table that a step before has begun; otherwise begins one, and drops what an interrupted rebuild left, or what was
   * made before the definition gained a column. undefined: somebody dropped the live table, so there is nothing of it to erase.
   */
  async #begin(): Promise<{ readonly live: OpenedTable; readonly build: OpenedTable } | undefined> {
    const { target, step } = this.#given;
    const live = await target.open(this.#live);
    if (live.changed !== undefined)
      await this.#deps.store.noteChanged({ ...placeOf(step), table: live.id, how: live.changed });
    const { live: there, build } = await target.placed(this.#live);
    if (there === undefined && step.action === 'erase') return undefined;
    if (there === undefined)
      throw new InvalidInput(
        `${this.#live.schema}.${this.#live.table} is not there any more: the next load, within a minute, makes it from the log, and there is nothing to compare before`,
      );
    this.#retyped = live.retyped ?? [];
    if (live.outdated === true)
      throw new InvalidInput(
        `transforms of ${step.partner}.${step.stream} have changed: the next load makes its table in ${step.target} anew from the log, and there is ` +
          'nothing to compare it with before',
      );
    const begun = step.soFar?.table;
    if (live.id === begun) return { live, build: live };
    if (build !== undefined && build.id === begun) {
      const opened = await target.open(this.#build);
      if (opened.id === begun && opened.unfilled.length === 0 && opened.outdated !== true)
        return { live, build: opened };
    }
    if (build !== undefined) await target.drop(this.#build);
    this.#unfit = noUnfit;
    return { live, build: await target.open(this.#build) };
  }

  /**
   * A load that read the log before it changed writes only while the table stands where it stood then: so the live one is brought up to the log first.
   * Whether it is there in the time of a step.
   */
  async #catchUp(): Promise<boolean> {
    const { step, target, context, loaded: of } = this.#given;
    if (step.logChanged !== true) return true;
    for (let loaded = 0; ; loaded++) {
      const { id, event, changed } = await target.open(of.table);
      // Nothing is loaded into one that somebody changed.
      if (changed !== undefined || event >= this.#goal) return true;
      if (loaded > 0 && this.#isOver()) return false;
      try {
        await this.#loadInto(of.table, { id, event, lastEvent: this.#goal });
      } catch (error) {
        // Somebody else has loaded it meanwhile.
        if (!(error instanceof RetryLater && error.afterMs === 0)) throw error;
      }
      context.heartbeat({ event, lastEvent: this.#goal });
    }
  }

  /** As far as the log was when the rebuild began. */
  get #goal(): number {
    const { step, log } = this.#given;
    return step.soFar?.lastEvent ?? log.lastEvent;
  }

  #isOver(): boolean {
    this.#given.context.signal.throwIfAborted();
    return this.#deps.draining() || this.#deps.now() >= this.#endMs;
  }

  async #load(id: string, event: number, lastEvent: number): Promise<number> {
    const load = await this.#loadInto(this.#build, { id, event, lastEvent });
    this.#unfit = addUnfit(this.#unfit, load.unfit);
    return load.event;
  }

  #loadInto(
    table: TargetTable,
    { id, event, lastEvent }: { readonly id: string; readonly event: number; readonly lastEvent: number },
  ): Promise<Load> {
    const { step, target, loaded, log, rows, context } = this.#given;
    const { stream, taking } = loaded;
    return loadTable(
      {
        store: this.#deps.store,
        target,
        table,
        noted: { ...placeOf(step), table: id },
        stream,
        streamId: log.streamId,
        rows,
        taking,
        mayGoOn: () => context.signal.throwIfAborted(),
      },
      event,
      lastEvent,
    );
  }

  #compare(): Promise<ComparedRows> {
    const { target, context } = this.#given;
    return compareRows(
      { target, live: this.#asItStands(), build: this.#build },
      { events: new Set(this.#unfit.events), mayGoOn: () => context.signal.throwIfAborted() },
    );
  }

  /** The live table with the types that its columns have. */
  #asItStands(): TargetTable {
    if (this.#retyped.length === 0) return this.#live;
    const types = new Map(this.#retyped.map(({ name, type }) => [name, type]));
    const columns = this.#live.columns.map((column) => ({ ...column, type: types.get(column.name) ?? column.type }));
    return { ...this.#live, columns };
  }

  async #end({
    event,
    differences,
    changedBefore,
    ...table
  }: {
    readonly id: string;
    readonly over: string;
    readonly event: number;
    readonly differences: ComparedRows;
    readonly changedBefore: string | undefined;
  }): Promise<RebuildStepped> {
    const { target, step } = this.#given;
    const { changed, gone, came } = differences;
    const rows = this.#unfitRows(differences);
    const isEqual = changed + gone + came + this.#retyped.length === 0;
    const rebuilds = step.action === 'rebuild' || step.action === 'erase';
    if (step.action === 'rebuild' && gone > 0 && isHistory(step.stream) && this.#given.log.logFrom > 0) {
      await target.drop(this.#build);
      return { state: 'refused', reason: this.#wouldLose(gone) };
    }
    const applied = rebuilds && !isEqual && (rows === 0 || step.acceptUnfit);
    if (applied) await target.swap(this.#live, { from: 'build', ...table });
    else {
      // The live one lacks just what the new one lacks.
      if (rebuilds && isEqual) await this.#copyNote(table);
      await target.drop(this.#build);
    }
    // Where it is refused, nothing is changed.
    if (step.action === 'erase' && (applied || rows === 0)) await this.#dropBeside(['old', 'fill']);
    await this.#noteLive();
    if (applied) {
      const done = this.#done(event, differences, true);
      return changedBefore === undefined ? done : { ...done, report: { ...done.report, changedBefore } };
    }
    return rebuilds && rows > 0
      ? { state: 'refused', reason: this.#refusal(rows) }
      : this.#done(event, differences, false);
  }

  async #eraseBeside(): Promise<RebuildStepped> {
    await this.#dropBeside(['build', 'old', 'fill']);
    return this.#done(0, { changed: 0, gone: 0, came: 0, ofEvents: 0 }, false);
  }

  /** They may have been begun before the erasure. */
  async #dropBeside(places: readonly Place[]): Promise<void> {
    for (const place of places) await this.#given.target.drop({ ...this.#live, place });
  }

  async #copyNote({ id, over }: { readonly id: string; readonly over: string }): Promise<void> {
    const { store } = this.#deps;
    const place = placeOf(this.#given.step);
    await store.noteUnfit({ ...place, table: over, unfit: await store.readUnfit({ ...place, table: id }) });
  }

  #noteLive(): Promise<void> {
    const { target, step } = this.#given;
    return noteLive(this.#deps.store, { target, live: this.#live, place: placeOf(step) });
  }

  /** The log tells them no more, and nothing else does. */
  #wouldLose(gone: number): string {
    const { log, step } = this.#given;
    return (
      `retention has removed events of ${step.partner}.${streamOf(step.stream)} below ${log.logFrom}: made anew, the history would lack ${gone} versions that it has. ` +
      'Nothing was changed (docs/retention.md)'
    );
  }

  /** Beyond those that are told apart, any row that changes or goes may be one. */
  #unfitRows({ changed, gone, ofEvents }: ComparedRows): number {
    return this.#unfit.count > this.#unfit.events.length ? changed + gone : ofEvents;
  }

  #done(upTo: number, differences: ComparedRows, applied: boolean): Extract<RebuildStepped, { state: 'done' }> {
    const { changed, gone, came } = differences;
    const { count: events, first } = this.#unfit;
    const report: TargetRebuilt = {
      table: `${this.#live.schema}.${this.#live.table}`,
      upTo,
      differences: { changed, gone, came },
      unfit: { events, rows: this.#unfitRows(differences), first },
      applied,
    };
    return { state: 'done', report };
  }

  #refusal(rows: number): string {
    const { count, first } = this.#unfit;
    const named = first.map(({ event, path, reason }) => `event ${event}: ${path || 'the record'}: ${reason}`);
    return (
      `${count} events of the log no longer fit the schema, and ${rows} rows of ${this.#live.schema}.${this.#live.table} show them ` +
      `(${named.join('; ')}${count > named.length ? '; …' : ''}). Nothing was changed. Correct the schema, or repeat with --accept-unfit: ` +
      'these rows then show an earlier event of their key, or are removed'
    );
  }
}

const placeOf = ({ target, partner, stream }: RebuildStep): PlaceInTarget => ({ target, partner, stream });
