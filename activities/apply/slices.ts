import { appliedEvents, type DecodedEvents } from '../../apply/applied-events.ts';
import type { AppliedEvent } from '../../apply/changes-of.ts';
import type { LoggedEvent } from '../../core/logged-event.ts';
import { usualChunk, type EventRange } from '../../store/log/read-log.ts';
import type { LoadOf } from './load-table.ts';

/** Events of a range that fit into memory together. */
export interface Slice {
  readonly events: readonly AppliedEvent[];
  readonly unfit: DecodedEvents['unfit'];
  /** The last event that was read. */
  readonly to: number;
}

/** About so much text of records makes a slice full, however few they are. */
const FULL_CHARS = 32 * 1024 * 1024;

export async function* slicesOf(
  { store, stream, streamId, rows, taking, mayGoOn }: LoadOf,
  range: EventRange,
): AsyncGenerator<Slice> {
  const read = (events: readonly number[]): Promise<readonly LoggedEvent[]> =>
    store.readEvents({ streamId, events, operations: ['u', 's', 'd'], times: history });
  const history = typeof taking !== 'string';
  const size = { ...usualChunk, events: Math.min(usualChunk.events, rows) };
  let events: AppliedEvent[] = [];
  let unfit: DecodedEvents['unfit'][number][] = [];
  let [count, chars, to] = [0, 0, range.after];
  for await (const chunk of store.readLog(range, size, { times: history })) {
    mayGoOn();
    const decoded = await appliedEvents(stream, chunk, { history, read });
    events.push(...decoded.applied);
    unfit.push(...decoded.unfit);
    count += chunk.length + decoded.applied.reduce((sum, { repair }) => sum + (repair?.events.length ?? 0), 0);
    chars += chunk.reduce((sum, { payload }) => sum + payload.length, 0);
    to = chunk.at(-1)?.event ?? to;
    if (count + size.events <= rows && chars < FULL_CHARS) continue;
    yield { events, unfit, to };
    [events, unfit, count, chars] = [[], [], 0, 0];
  }
  if (count > 0) yield { events, unfit, to: range.to };
}
