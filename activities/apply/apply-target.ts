import { loadedTable, type LoadedTable } from '../../apply/table-of.ts';
import { MINUTE } from '../../core/duration.ts';
import { InvalidInput, NeedsAttention } from '../../core/errors.ts';
import type { Failpoint } from '../../core/failpoint.ts';
import { isHistory, streamOf } from '../../core/table-name.ts';
import type { AppliedToTarget, LoadFacts, PlaceInTarget } from '../../messages/apply-target.ts';
import type { StreamLog } from '../../store/log/find-log.ts';
import type { TargetStore } from '../../store/target-store.ts';
import type { OpenedTable, Target, TargetTable } from '../../targets/target.ts';
import type { Partners } from '../access.ts';
import { loadTable, type LoadOf } from './load-table.ts';
import { noteLive } from './note-live.ts';
import { reshaping } from './reshaping.ts';
import type { TargetsAccess } from './targets-access.ts';

export interface ApplyDeps {
  readonly partners: Pick<Partners, 'streams'>;
  readonly targets: TargetsAccess;
  readonly store: TargetStore;
  readonly failpoint: Failpoint;
  readonly now: () => number;
  /** The worker is leaving: no further load begins. */
  readonly draining: () => boolean;
}

export interface ApplyContext {
  readonly signal: AbortSignal;
  readonly heartbeat: (progress: Pick<LoadFacts, 'event' | 'lastEvent' | 'rows'>) => void;
  /** Tells the operator, by the worker's log. */
  readonly warn: (message: string) => void;
}

/** So long one activity goes on at most: then the workflow shows how it stands. */
const MOST_MS = MINUTE;

/** Loads into a stream's table in a target until it is caught up, or for a minute. */
export async function applyTarget(
  deps: ApplyDeps,
  place: PlaceInTarget,
  context: ApplyContext,
): Promise<AppliedToTarget> {
  const { partners, targets, store } = deps;
  const streams = await partners.streams(place.partner);
  const stream = streamOf(place.stream);
  if (!streams.has(stream)) throw new InvalidInput(`${place.partner} has no stream ${stream}`);
  const loaded = loadedTable(streams, place.stream);
  if (loaded === undefined || !(await targets.of(place.partner, place.stream)).includes(place.target))
    return { state: 'unwanted' };
  const pause = await store.pauseOf(place.target);
  if (pause !== undefined) return { state: 'paused', reason: `${pause.reason} (${pause.by})` };
  const { rows, everyMs } = await targets.loads(place.target);
  const log = await store.findLog(place.partner, stream);
  const nothing: LoadFacts = { event: 0, lastEvent: 0, rows: 0, loads: 0, unfit: 0, everyMs, building: null };
  if (log === undefined) return { state: 'caughtUp', ...nothing };
  const target = await targets.open(place.target);
  const fitted = reshaping(loaded, log);
  return new Applying(deps, { place, context, loaded: fitted, target, rows, everyMs }, log).run();
}

interface Given {
  readonly place: PlaceInTarget;
  readonly context: ApplyContext;
  readonly loaded: LoadedTable;
  readonly target: Target;
  readonly rows: number;
  readonly everyMs: number;
}

class Applying {
  readonly #deps: ApplyDeps;
  readonly #given: Given;
  readonly #endMs: number;
  readonly #since: string;
  #log: StreamLog;
  #rows = 0;
  #loads = 0;
  #unfit = 0;

  constructor(deps: ApplyDeps, given: Given, log: StreamLog) {
    this.#deps = deps;
    this.#given = given;
    this.#log = log;
    this.#endMs = deps.now() + MOST_MS;
    this.#since = new Date(deps.now()).toISOString();
  }

  async run(): Promise<AppliedToTarget> {
    const { target, loaded } = this.#given;
    const live = loaded.table;
    const opened = await target.open(live);
    const { changed } = opened;
    if (changed !== undefined) await this.#tellChanged(live, opened.id, changed);
    if (opened.outdated === true || changed !== undefined) return this.#makeAnew(live, opened);
    const event = await this.#load(live, opened);
    const stays = opened.unfilled.length === 0 || event < this.#log.lastEvent || this.#isPruned();
    const building = stays ? null : await this.#fill(live, { ...opened, event });
    return this.#applied(event, building);
  }

  async #tellChanged({ schema, table }: TargetTable, id: string, how: string): Promise<void> {
    const { place, context } = this.#given;
    if (await this.#deps.store.noteChanged({ ...place, table: id, how }))
      context.warn(
        `somebody has changed ${schema}.${table} in ${place.target}: ${how}. It stays as it is until one made anew from the log takes its place`,
      );
  }

  #applied(event: number, building: number | null): AppliedToTarget {
    return {
      state: event < this.#log.lastEvent || building !== null ? 'more' : 'caughtUp',
      event,
      lastEvent: this.#log.lastEvent,
      rows: this.#rows,
      loads: this.#loads,
      unfit: this.#unfit,
      everyMs: this.#given.everyMs,
      building,
    };
  }

  /** The log does not have all versions of a history any more: one made anew would lack some. */
  #isPruned(): boolean {
    return isHistory(this.#given.place.stream) && this.#log.logFrom > 0;
  }

  /**
   * Other transforms made the rows of the live table, or somebody changed them: it stays as it is until one made anew is as far as the log. For who looks at
   * the lag, all of the log waits meanwhile.
   */
  async #makeAnew(live: TargetTable, opened: OpenedTable): Promise<AppliedToTarget> {
    if (opened.event > this.#log.lastEvent) throw lostLog(live, opened.event, this.#log.lastEvent);
    if (this.#isPruned() && (await this.#given.target.placed(live)).live !== undefined)
      throw wouldLose(live, opened, this.#log.logFrom);
    await this.#note(opened.id, 0, 0);
    const building = await this.#fill(live, { ...opened, event: this.#log.lastEvent });
    const event = building === null ? (await this.#given.target.open(live)).event : 0;
    return this.#applied(event, building);
  }

  /** Loads until the table is caught up or the time is over; returns where it stands. */
  async #load(table: TargetTable, opened: OpenedTable): Promise<number> {
    const { place } = this.#given;
    const { id } = opened;
    let { event } = opened;
    if (event > this.#log.lastEvent) throw lostLog(table, event, this.#log.lastEvent);
    const isLive = table.place === undefined;
    let loaded = 0;
    while (event < this.#log.lastEvent && this.#mayBegin(loaded)) {
      await this.#deps.failpoint('apply.before');
      const load = await loadTable(this.#loadOf(table, id), event, this.#log.lastEvent);
      await this.#deps.failpoint('apply.after');
      event = load.event;
      loaded += 1;
      this.#loads += 1;
      this.#rows += load.rows;
      this.#unfit += load.unfit.length;
      this.#log = (await this.#deps.store.findLog(place.partner, streamOf(place.stream))) ?? this.#log;
      if (isLive) await this.#note(id, event, load.rows);
      this.#given.context.heartbeat({ event, lastEvent: this.#log.lastEvent, rows: this.#rows });
    }
    // An error of before is over, also when there was nothing to load.
    if (isLive && loaded === 0) await this.#note(id, event, 0);
    return event;
  }

  /**
   * Columns that came later are empty in rows from before: a table made anew beside has them. It takes the live one's place once it is
   * as far; what a rebuild kept stays. A rebuild that goes on has a table of its own. Returns how far it is; null when it is live.
   */
  async #fill(live: TargetTable, { id, event }: OpenedTable): Promise<number | null> {
    const { target } = this.#given;
    const fill: TargetTable = { ...live, place: 'fill' };
    let opened = await target.open(fill);
    if (opened.unfilled.length > 0 || opened.event > event || opened.outdated === true) {
      await target.drop(fill);
      opened = await target.open(fill);
    }
    const reached = await this.#load(fill, opened);
    if (reached < event) return reached;
    await target.swap(live, { from: 'fill', id: opened.id, over: id });
    await this.#note(opened.id, reached, 0);
    await noteLive(this.#deps.store, { target, live, place: this.#given.place });
    return null;
  }

  /** The first load always: otherwise a worker that leaves as soon as it comes would never load anything. */
  #mayBegin(loaded: number): boolean {
    this.#given.context.signal.throwIfAborted();
    return loaded === 0 || (!this.#deps.draining() && this.#deps.now() < this.#endMs);
  }

  #loadOf(table: TargetTable, id: string): LoadOf {
    const { place, loaded, target, rows, context } = this.#given;
    const { stream, taking } = loaded;
    const { streamId } = this.#log;
    const mayGoOn = (): void => context.signal.throwIfAborted();
    const noted = { ...place, table: id };
    return { store: this.#deps.store, target, table, noted, stream, streamId, rows, taking, mayGoOn };
  }

  async #note(table: string, cursor: number, rows: number): Promise<void> {
    const behindSince = cursor < this.#log.lastEvent ? this.#since : null;
    await this.#deps.store.noteApplied({ ...this.#given.place, table, cursor, rows, behindSince });
  }
}

const wouldLose = ({ schema, table }: TargetTable, { changed }: OpenedTable, logFrom: number): NeedsAttention =>
  new NeedsAttention(
    `${changed === undefined ? 'transforms have changed' : `somebody has changed ${schema}.${table}: ${changed}`}. Retention has removed events below ${logFrom}, so a history made ` +
      `anew would lack versions. Nothing was changed: drop ${schema}.${table} to have it made of what the log still has (docs/retention.md)`,
  );

const lostLog = ({ schema, table }: TargetTable, event: number, lastEvent: number): NeedsAttention =>
  new NeedsAttention(
    `${schema}.${table} stands at event ${event}, and the log of the store ends at ${lastEvent}: the store is another one, or was put ` +
      'back to an older copy. Build the table anew (syncline rebuild)',
  );
