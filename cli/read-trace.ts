import type { Pool } from 'pg';
import type { EntryOfKey } from '../core/entry-of-key.ts';
import { lifeOf, type Disposition, type LivedEvent } from '../core/life.ts';
import type { Wait } from '../core/wait-words.ts';
import { standingInStore, standingInTarget, type Standing } from '../core/standing.ts';
import { historyOf, isHistory } from '../core/table-name.ts';
import { STORE } from '../definitions/targets.ts';
import { targetsOf } from '../definitions/named-targets.ts';
import { eventsOfKey, type EventsOfKey } from '../store/log/events-of-key.ts';
import { entriesOfKey } from '../store/quarantine/entries-of-key.ts';
import {
  listTargetPauses,
  listTargetStates,
  targetsToldOf,
  type TargetLag,
  type TargetPause,
} from '../store/target-states.ts';
import { waitsOfKey } from '../store/waiting/list-waiting.ts';
import { unfitAmong } from '../store/target-unfit.ts';
import { rowOfKey } from '../targets/postgres/row-of-key.ts';
import { describeLag, describeTargetPause } from './describe-target.ts';
import type { DefinedStream } from './traced-stream.ts';

export interface TraceAsked {
  readonly partner: string;
  readonly stream: string;
  readonly key: string;
  readonly streamId: number;
  readonly lastEvent: number;
  readonly logFrom: number;
  readonly disposition: Disposition;
  readonly table: string;
  readonly defined: DefinedStream;
  readonly limit: number;
  readonly search: number;
}

export interface Trace {
  /** Oldest first. */
  readonly life: readonly LivedEvent[];
  readonly entries: readonly EntryOfKey[];
  readonly waits: readonly Wait[];
  readonly searched: Pick<EventsOfKey, 'searchedFrom' | 'indexed'>;
  /** Older events of the key that are not in `life`. */
  readonly leftOut: number;
  /** Retention may have removed earlier ones. */
  readonly pruned: boolean;
  readonly targets: readonly PlaceOfRecord[];
}

export interface PlaceOfRecord extends Standing {
  readonly target: string;
  readonly table: string | null;
  /** The event that it has not loaded yet. */
  readonly waits: number | null;
  /** Why. */
  readonly why: string | null;
}

/** So many events more are read than are told, since an event is told by what was known before it, and older ones say nothing of that. */
const CONTEXT = 10;

export async function readTrace(pool: Pool, asked: TraceAsked): Promise<Trace> {
  const { stream, streamId, lastEvent, logFrom, key, limit, search, disposition, defined } = asked;
  const row = defined.stream === undefined ? 'no table' : await rowOfKey(pool, { stream: defined.stream, key });
  const known = row === undefined || row === 'no table' ? [] : [row.event];
  const found = await eventsOfKey(pool, { streamId, key, lastEvent, limit: limit + CONTEXT, most: search, known });
  const { searchedFrom, indexed } = found;
  // What decided the key then is always left: one whose first event is later had none before.
  const pruned = (found.events[0]?.event ?? Infinity) < logFrom;
  const whole = searchedFrom === 1 && found.leftOut === 0 && !pruned;
  const all = lifeOf({ events: found.events, whole, disposition });
  const life = all.slice(-limit);
  const leftOut = found.leftOut + all.length - life.length;
  const store: PlaceOfRecord =
    row === 'no table'
      ? { ...notSeen(defined), target: STORE, table: asked.table, waits: null, why: null }
      : { ...standingInStore(all, row), target: STORE, table: asked.table, waits: null, why: null };
  return {
    life,
    leftOut,
    pruned: pruned && found.leftOut === 0,
    searched: { searchedFrom, indexed },
    entries: await entriesOfKey(pool, { streamId, key, limit }),
    waits: all.some(({ operation }) => operation === 'w') ? await waitsOfKey(pool, { streamId, key }) : [],
    targets: [
      store,
      ...(await placesElsewhere(pool, asked, { table: stream, life: all })),
      ...(await placesElsewhere(pool, asked, { table: historyOf(stream), life: all })),
    ],
  };
}

const notSeen = ({ stream }: DefinedStream): Standing => ({
  state: 'unknown',
  event: null,
  says:
    stream === undefined
      ? 'not looked at, since the definition does not tell the key'
      : 'there is no table with this key: the next run makes it of the log',
});

/** Targets that the definition names, and those that have loaded of the stream before. */
async function placesElsewhere(
  pool: Pool,
  { partner, defined }: TraceAsked,
  { table, life }: { readonly table: string; readonly life: readonly LivedEvent[] },
): Promise<PlaceOfRecord[]> {
  const named = defined.partner === undefined ? [] : targetsOf(defined.partner, table);
  const targets = [...new Set([...named, ...(await targetsToldOf(pool, { partner, stream: table }))])];
  const [lags, pauses, unfit] = await Promise.all([
    listTargetStates(pool, { wanted: targets.map((target) => ({ target, partner, stream: table })) }),
    listTargetPauses(pool),
    unfitAmong(pool, { partner, stream: table, events: life.map(({ event }) => event) }),
  ]);
  return lags.map((lag): PlaceOfRecord => {
    const standing = standingInTarget(life, { cursor: lag.cursor, leftOut: unfit.get(lag.target) ?? [] });
    const pause = pauses.find(({ target }) => target === lag.target);
    return {
      ...standing,
      target: lag.target,
      table: isHistory(table) ? 'history' : null,
      why: standing.waits === null ? null : whyItWaits({ lag, pause, named: named.includes(lag.target) }),
    };
  });
}

function whyItWaits({
  lag,
  pause,
  named,
}: {
  readonly lag: TargetLag;
  readonly pause: TargetPause | undefined;
  readonly named: boolean;
}): string {
  const said = [describeLag(lag, Date.now())];
  if (pause !== undefined) said.push(describeTargetPause(pause));
  if (lag.error !== null) said.push(`the last load failed: ${lag.error}`);
  if (!named) said.push('the definition does not name it any more');
  return said.join('; ');
}
