/** An event that fitted when it came and fits no longer: the definition has changed since. By number and place, never what it says. */
export interface UnfitEvent {
  readonly event: number;
  readonly path: string;
  readonly reason: string;
}

/** What a table lacks: events that fit the definition no longer. */
export interface UnfitEvents {
  readonly count: number;
  /** Some of them. */
  readonly first: readonly UnfitEvent[];
  /** Numbers of those that are told apart; more are counted only. */
  readonly events: readonly number[];
}

export const noUnfit: UnfitEvents = { count: 0, first: [], events: [] };

const NAMED = 10;
const TOLD_APART = 500;

/** One that is known already counts once. */
export function addUnfit({ count, first, events }: UnfitEvents, found: readonly UnfitEvent[]): UnfitEvents {
  const known = new Set(events);
  const came = found.filter(({ event }) => !known.has(event));
  return {
    count: count + came.length,
    first: [...first, ...came].slice(0, NAMED).map(({ event, path, reason }) => ({ event, path, reason })),
    events: [...events, ...came.map(({ event }) => event)].slice(0, TOLD_APART),
  };
}

/** Without those that something newer stands for. */
export function withoutUnfit({ count, first, events }: UnfitEvents, gone: ReadonlySet<number>): UnfitEvents {
  const left = events.filter((event) => !gone.has(event));
  const named = new Map(first.map((each) => [each.event, each]));
  return {
    count: count - (events.length - left.length),
    first: left
      .slice(0, NAMED)
      .map((event) => named.get(event) ?? { event, path: '', reason: 'fits the definition no longer' }),
    events: left,
  };
}
