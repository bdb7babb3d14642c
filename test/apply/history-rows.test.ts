import { describe, expect, test } from '@jest/globals';
import {
  array,
  assert,
  boolean,
  constantFrom,
  integer,
  property,
  record as recordOf,
  shuffledSubarray,
} from 'fast-check';
import { historyRows, type HistoryRules } from '../../apply/history-rows.ts';
import type { AppliedEvent } from '../../apply/changes-of.ts';
import type { TargetRow } from '../../targets/target.ts';
import { long } from '../support/long.ts';
import { modelHistory, type Shown } from './model-history.ts';

const byVersion: HistoryRules = { taking: 'versions', validFrom: 'version' };
const byReceived: HistoryRules = { taking: 'versions', validFrom: 'received' };

/** A history as any kind of target keeps it: no order of its rows is known, only what they say. */
class History {
  readonly #rows = new Map<number, TargetRow>();
  written = 0;

  take(events: readonly AppliedEvent[], rules: HistoryRules): void {
    for (const key of new Set(events.map((event) => event.key as string))) {
      const own = events.filter((event) => event.key === key);
      const shown = [...this.#rows.values()].filter(({ values }) => values[0] === key).toReversed();
      const { deletes, upserts } = historyRows({ keyTexts: [key], shown, events: own }, rules);
      if (deletes.length > 0) for (const { event } of shown) this.#rows.delete(event);
      for (const row of upserts) this.#rows.set(row.event, row);
      this.written += upserts.length;
    }
  }

  rows(key = '1'): readonly TargetRow[] {
    const own = [...this.#rows.values()].filter(({ values }) => values[0] === key);
    return own.toSorted((a, b) => Number(a.values[6]) - Number(b.values[6]));
  }

  shown(key = '1'): readonly Shown[] {
    return this.rows(key).map(({ values: [, content, from, to, , gone] }) => {
      return { content: gone === 'true' ? null : (content as string), from: from as string, to: to as string | null };
    });
  }
}

const at = (second: number): string => `2026-11-01T00:00:${String(second).padStart(2, '0')}.000000Z`;
const versionAt = (second: number): string => at(second).replace('000Z', '000000Z');

interface Arrives {
  readonly key: string;
  readonly operation: 'u' | 's' | 'd';
  readonly version: string | null;
  readonly content: string;
  /** Where and when it was received; as the number of its event if left out. */
  readonly page?: number;
  readonly run?: number;
}

function eventOf(
  event: number,
  { key, operation, version, content, page = event, run = event }: Arrives,
): AppliedEvent {
  const arrival = { version, hash: `${version} ${content}`, received: { page, ordinal: 0 } };
  const values = [key, operation === 'd' ? null : content];
  // The row of a delete says no version.
  const said = operation === 'd' ? null : version;
  const row = { event, ...arrival.received, run, version: said, hash: arrival.hash, values, extra: null };
  return { event, operation, key, keyTexts: [key], arrival, row, receivedAt: at(page % 60) };
}

/** The log of some arrivals, as the store writes it: what is known again is left out, what is older is called so. */
function logOf(
  arrivals: readonly { readonly key: string; readonly second: number; readonly says: string }[],
): AppliedEvent[] {
  const heads = new Map<string, { readonly version: string; readonly content: string; readonly gone: boolean }>();
  const log: AppliedEvent[] = [];
  for (const [i, { key, second, says }] of arrivals.entries()) {
    const head = heads.get(key);
    const gone = says !== 'a' && says !== 'b' && says !== 'c';
    // One that names no version counts from when it comes.
    const isNamed = says !== 'gone without a version';
    const version = isNamed ? versionAt(second) : (head?.version ?? '');
    const isOld = head !== undefined && (version < head.version || (version === head.version && head.gone && !gone));
    const isKnown = gone ? head?.gone === true && head.version === version : head?.content === says;
    if (!isOld && head?.version === version && isKnown) continue;
    const operation = gone ? 'd' : isOld ? 's' : 'u';
    log.push(eventOf(i + 1, { key, operation, version: isNamed ? version : null, content: says }));
    if (!isOld) heads.set(key, { version, content: says, gone });
  }
  return log;
}

const cases = { numRuns: long ? 10_000 : 300 };
const arrival = recordOf({
  key: constantFrom('1', '2'),
  second: integer({ min: 0, max: 5 }),
  says: constantFrom('a', 'b', 'c', 'gone', 'gone without a version'),
});

function inLoads(log: readonly AppliedEvent[], cuts: readonly number[], rules: HistoryRules): History {
  const history = new History();
  let rest = log;
  for (const cut of cuts) {
    history.take(rest.slice(0, cut), rules);
    rest = rest.slice(cut);
  }
  history.take(rest, rules);
  return history;
}

describe('a history', () => {
  test('is what the model says, in whatever loads it comes', () => {
    const given = [
      array(arrival, { maxLength: 14 }),
      array(integer({ min: 0, max: 4 }), { maxLength: 8 }),
      boolean(),
    ] as const;
    assert(
      property(...given, (arrivals, cuts, declared) => {
        const log = logOf(arrivals);
        const rules = declared ? byVersion : byReceived;
        const history = inLoads(log, cuts, rules);
        for (const key of ['1', '2'])
          expect(history.shown(key)).toEqual(
            modelHistory(
              log.filter((event) => event.key === key),
              rules.validFrom,
            ),
          );
      }),
      cases,
    );
  });

  test('is the same in whatever order versions arrive, and however often', () => {
    const known = array(
      recordOf({ key: constantFrom('1'), second: integer({ min: 0, max: 5 }), says: constantFrom('a', 'b') }),
      {
        maxLength: 8,
      },
    ).map((arrivals) => [...new Map(arrivals.map((each) => [each.second, each])).values()]);
    const orders = known.chain((arrivals) => {
      const deleted = arrivals.map((each) => (each.second === 3 ? { ...each, says: 'gone' } : each));
      return shuffledSubarray([...deleted, ...deleted], { minLength: deleted.length * 2 }).map(
        (other) => [deleted, other] as const,
      );
    });
    assert(
      property(orders, ([once, shuffled]) => {
        expect(inLoads(logOf(shuffled), [2, 1], byVersion).shown()).toEqual(
          inLoads(logOf(once), [], byVersion).shown(),
        );
      }),
      cases,
    );
  });

  test('without a version is in the order of arrival, also of what is replayed', () => {
    const steps = array(recordOf({ content: constantFrom('a', 'b', 'gone'), held: boolean() }), { maxLength: 12 });
    assert(
      property(steps, array(integer({ min: 0, max: 3 }), { maxLength: 6 }), (came, cuts) => {
        const arrivals = came.map(({ content, held }, i) => ({
          content,
          held: held && content !== 'gone',
          page: i + 1,
        }));
        const order = [...arrivals.filter(({ held }) => !held), ...arrivals.filter(({ held }) => held)];
        let newest = 0;
        const log = order.map(({ content, page }, i) => {
          const late = page < newest;
          newest = Math.max(newest, page);
          const operation = content === 'gone' ? 'd' : late ? 's' : 'u';
          return eventOf(i + 1, { key: '1', operation, version: null, content, page });
        });
        expect(inLoads(log, cuts, byReceived).shown()).toEqual(modelHistory(log, 'received'));
      }),
      cases,
    );
  });
});

const take = (arrivals: readonly Omit<Arrives, 'key'>[], rules = byVersion): History => {
  const history = new History();
  for (const [i, each] of arrivals.entries()) history.take([eventOf(i + 1, { key: '1', ...each })], rules);
  return history;
};

describe('one key', () => {
  test('has a late version between two others, and the one before ends there', () => {
    const history = take([
      { operation: 'u', version: versionAt(1), content: 'a' },
      { operation: 'u', version: versionAt(30), content: 'c' },
      { operation: 's', version: versionAt(20), content: 'b' },
    ]);
    expect(history.shown()).toEqual([
      { content: 'a', from: at(1), to: at(20) },
      { content: 'b', from: at(20), to: at(30) },
      { content: 'c', from: at(30), to: null },
    ]);
    expect(history.rows().map(({ values }) => values[4])).toEqual(['false', 'false', 'true']);
  });

  test('that is deleted and comes again has a gap, and none is current in it', () => {
    const gone = { operation: 'd', version: versionAt(1), content: 'a', page: 10 } as const;
    const deleted = take([{ operation: 'u', version: versionAt(1), content: 'a' }, gone]);
    expect(deleted.rows().map(({ values }) => values.slice(2, 6))).toEqual([
      [at(1), at(10), 'false', 'false'],
      [at(10), null, 'false', 'true'],
    ]);
    // A sweep, and a listing that has it as it was: the version says nothing of when.
    const born = take([
      { operation: 'u', version: versionAt(1), content: 'a' },
      gone,
      { operation: 'u', version: versionAt(1), content: 'a', page: 20 },
    ]);
    expect(born.shown()).toEqual([
      { content: 'a', from: at(1), to: at(10) },
      { content: null, from: at(10), to: at(20) },
      { content: 'a', from: at(20), to: null },
    ]);
  });

  test('with three events in one second keeps them all; the last to arrive is current', () => {
    const history = take([
      { operation: 'u', version: versionAt(7), content: 'a' },
      { operation: 'u', version: versionAt(7), content: 'b' },
      { operation: 'u', version: versionAt(7), content: 'c' },
    ]);
    expect(history.shown()).toEqual([
      { content: 'a', from: at(7), to: at(7) },
      { content: 'b', from: at(7), to: at(7) },
      { content: 'c', from: at(7), to: null },
    ]);
  });

  test('that comes again as it was writes nothing; a new version writes itself and the end of the one before', () => {
    const first = Array.from({ length: 20 }, (_, i) => ({
      operation: 'u' as const,
      version: versionAt(i),
      content: 'a',
    }));
    const history = take(first);
    const before = history.written;
    history.take([eventOf(30, { key: '1', operation: 's', version: versionAt(4), content: 'a' })], byVersion);
    expect(history.written - before).toBe(0);
    history.take([eventOf(31, { key: '1', operation: 'u', version: versionAt(40), content: 'b' })], byVersion);
    expect(history.written - before).toBe(2);
  });

  test('whose versions are no times holds from when each was received; one that came late never held', () => {
    const history = take(
      [
        { operation: 'u', version: '1', content: 'a' },
        { operation: 'u', version: '3', content: 'c' },
        { operation: 's', version: '2', content: 'b' },
      ],
      byReceived,
    );
    expect(history.shown()).toEqual([
      { content: 'a', from: at(1), to: at(2) },
      { content: 'b', from: at(2), to: at(2) },
      { content: 'c', from: at(2), to: null },
    ]);
  });

  test('of listings holds what each of them showed at its end, whatever the version', () => {
    const listed = { taking: 'listings', validFrom: 'received' } as const;
    const twice = [
      { operation: 'u', version: '3', content: 'a', run: 1 },
      { operation: 'u', version: '2', content: 'b', run: 2 },
      { operation: 'u', version: '3', content: 'a', run: 2 },
      { operation: 's', version: '1', content: 'c', run: 2 },
    ] as const;
    expect(take(twice, listed).shown()).toEqual([{ content: 'a', from: at(1), to: null }]);
    const history = take(
      [
        { operation: 'u', version: '3', content: 'a' },
        { operation: 'u', version: '2', content: 'b' },
        { operation: 'u', version: '2', content: 'b' },
        { operation: 'd', version: '2', content: 'b' },
        { operation: 'u', version: '3', content: 'a' },
      ],
      listed,
    );
    expect(history.shown().map(({ content }) => content)).toEqual(['a', 'b', null, 'a']);
  });
});
