import { describe, expect, test } from '@jest/globals';
import { array, assert, constantFrom, nat, option, property, record as recordOf, shuffledSubarray } from 'fast-check';
import { balances } from '../../core/counts.ts';
import type { Head } from '../../core/decide.ts';
import { fold } from '../../core/fold.ts';
import { needId, type Need, type Offer } from '../../core/need.ts';
import { compareReceived, type Received } from '../../core/received.ts';
import { turnsOf } from '../../core/turns.ts';
import { long } from '../support/long.ts';

interface Said {
  readonly stream: string;
  readonly key: string;
  readonly version: string | null;
  readonly content: string;
  /** Keys that it needs: of its own stream, and of the other one. */
  readonly own: string | null;
  readonly other: string | null;
}

const others: Readonly<Record<string, string>> = { left: 'right', right: 'left' };
const needed = option(constantFrom('a', 'b', 'c', 'never'), { freq: 2 });
/** Of each version of a key there is one content, as of a partner that numbers its versions; some of them come, in any order and often. */
const versioned = recordOf({
  needs: array(recordOf({ own: needed, other: needed }), { minLength: 18, maxLength: 18 }),
  came: array(nat(17), { maxLength: 20 }),
}).map(({ needs, came }) =>
  came.map((n): Said => {
    const key = 'abc'[n % 3]!;
    const version = String(1 + (Math.floor(n / 3) % 3));
    return { stream: n < 9 ? 'left' : 'right', key, version, content: `${key} ${version}`, ...needs[n]! };
  }),
);
/** Few keys and contents, so that what was known comes again. */
const unversioned = recordOf({
  stream: constantFrom('left', 'left', 'right'),
  key: constantFrom('a', 'b'),
  content: constantFrom('x', 'y'),
  own: constantFrom(null, null, 'a', 'b', 'never'),
  other: constantFrom(null, null, null, null, 'a'),
}).map((said): Said => ({ ...said, version: null, content: `${said.content} ${said.own} ${said.other}` }));

const needsOf = ({ stream, key, own, other }: Said): readonly Need[] => [
  ...(own === null || own === key ? [] : [{ name: 'own', stream, field: '', value: own }]),
  ...(other === null ? [] : [{ name: 'other', stream: others[stream]!, field: '', value: other }]),
];

/** What must be so: of each key the newest of those whose needs are there, and theirs, and so on. */
function model(came: readonly Said[]): unknown {
  const there = new Set<string>();
  const told = new Set<number>();
  for (let before = -1; before < told.size;) {
    before = told.size;
    for (const [at, said] of came.entries())
      if (needsOf(said).every((need) => there.has(needId(need)))) {
        told.add(at);
        there.add(needId({ stream: said.stream, field: '', value: said.key }));
      }
  }
  const rows = new Map<string, Said>();
  for (const [at, said] of came.entries()) {
    const known = rows.get(`${said.stream} ${said.key}`);
    if (told.has(at) && (known?.version ?? '') <= (said.version ?? '')) rows.set(`${said.stream} ${said.key}`, said);
  }
  const waits = came.filter((_, at) => !told.has(at)).map((said) => `${said.stream} ${said.key} ${said.content}`);
  return {
    rows: [...rows].map(([id, { content }]) => `${id} ${content}`).toSorted(),
    waits: [...new Set(waits)].toSorted(),
  };
}

interface Came {
  readonly key: string;
  readonly version: string | null;
  readonly hash: string;
  readonly received: Received;
  readonly superseded?: boolean;
  readonly late?: true;
  readonly needs: readonly Need[];
  readonly offers: readonly Offer[];
}

/** Tables in memory, written as the landing writes them: a commit, then what it releases, and so on. */
class Tables {
  readonly #heads = new Map<string, Map<string, Head>>([
    ['left', new Map()],
    ['right', new Map()],
  ]);
  #waiting: { readonly stream: string; record: Came }[] = [];
  #event = 0;
  #page = 0;

  commit(stream: string, said: readonly Said[]): void {
    const page = ++this.#page;
    const records = said.map((each, ordinal): Came => {
      const { key, version, content: hash } = each;
      return {
        key,
        version,
        hash,
        received: { page, ordinal },
        needs: needsOf(each),
        offers: [{ field: '', value: key }],
      };
    });
    const heads = this.#heads.get(stream)!;
    const again: Came[] = [];
    const turns = turnsOf({
      pages: [records],
      stream,
      isThere: (need) => this.#isThere(need),
      isKnown: ({ key, hash }) => heads.get(key)?.hash === hash,
      isWaiting: ({ key, hash }) =>
        this.#waiting.some((each) => each.stream === stream && each.record.key === key && each.record.hash === hash),
      late: (record, { passedBy }): Came => ({
        ...record,
        late: true,
        superseded: passedBy === 'record' && record.version === null,
      }),
    });
    const noted = (function* () {
      for (let turn = turns.next(true); turn.done !== true;) {
        if (turn.value.waits === 'again') again.push(turn.value.record);
        turn = turns.next(yield turn.value);
      }
    })();
    const folded = fold({ pages: [{ records, quarantined: 0 }], heads, lastEvent: this.#event, turns: noted });
    if (!folded.counts.every(balances)) throw new Error('a page does not balance');
    const waits = folded.events.filter((each) => each.waits === true).map(({ record }) => record);
    for (const record of waits) this.#waiting.push({ stream, record });
    for (const { key, hash, received } of again)
      this.#waiting = this.#waiting.map((each) =>
        each.stream === stream &&
        each.record.key === key &&
        each.record.hash === hash &&
        compareReceived(each.record.received, received) < 0
          ? { stream, record: { ...each.record, received, superseded: false } }
          : each,
      );
    this.#supersede(
      stream,
      records.filter((record) => !waits.includes(record) && !again.includes(record)),
    );
    this.#write(stream, folded);
    this.#release();
  }

  /** As the landing does: round after round, until nothing that waits has all it needs. */
  #release(): void {
    for (;;) {
      const due = this.#waiting
        .filter(({ record }) => record.needs.every((need) => this.#isThere(need)))
        .toSorted((a, b) => compareReceived(a.record.received, b.record.received));
      const stream = due[0]?.stream;
      if (stream === undefined) return;
      const these = due.filter((each) => each.stream === stream);
      this.#waiting = this.#waiting.filter((each) => !these.includes(each));
      const records = these.map(({ record }): Came => ({ ...record, late: true }));
      const heads = this.#heads.get(stream)!;
      this.#write(
        stream,
        fold({
          pages: records.map((record) => ({ records: [record], quarantined: 0 })),
          heads,
          lastEvent: this.#event,
        }),
      );
      this.#supersede(stream, records);
    }
  }

  #supersede(stream: string, told: readonly Came[]): void {
    this.#waiting = this.#waiting.map((each) =>
      each.stream === stream &&
      each.record.version === null &&
      told.some(({ key, received }) => key === each.record.key && compareReceived(each.record.received, received) < 0)
        ? { stream, record: { ...each.record, superseded: true } }
        : each,
    );
  }

  #write(stream: string, { inserts, updates, lastEvent }: ReturnType<typeof fold<Came>>): void {
    this.#event = lastEvent;
    for (const { record, event } of [...inserts, ...updates])
      this.#heads
        .get(stream)!
        .set(record.key, { version: record.version, hash: record.hash, event, received: record.received });
  }

  readonly #isThere = ({ stream, value }: Need): boolean => this.#heads.get(stream)!.has(value);

  get state(): unknown {
    return {
      rows: [...this.#heads]
        .flatMap(([stream, heads]) => [...heads].map(([key, { hash }]) => `${stream} ${key} ${hash}`))
        .toSorted(),
      waits: [
        ...new Set(this.#waiting.map(({ stream, record }) => `${stream} ${record.key} ${record.hash}`)),
      ].toSorted(),
    };
  }
}

/** The same arrivals in pages of one stream each. */
function land(came: readonly Said[], sizes: readonly number[]): unknown {
  const tables = new Tables();
  let page: Said[] = [];
  let left = 0;
  let turn = 0;
  for (const said of came) {
    if (page.length > 0 && (left <= 0 || page[0]!.stream !== said.stream)) {
      tables.commit(page[0]!.stream, page);
      page = [];
    }
    if (page.length === 0) left = 1 + (sizes[turn++ % Math.max(1, sizes.length)] ?? 0);
    page.push(said);
    left -= 1;
  }
  if (page.length > 0) tables.commit(page[0]!.stream, page);
  return tables.state;
}

const runs = long ? 10_000 : 1000;
const sizes = array(nat(5), { maxLength: 5 });

describe('records that need each other, over two streams', () => {
  test('with versions: every order, batching and repetition comes to the same', () => {
    assert(
      property(
        versioned.chain((came) =>
          recordOf({ came: shuffledSubarray(came, { minLength: came.length }), again: shuffledSubarray(came) }),
        ),
        sizes,
        ({ came, again }, pages) => {
          expect(land([...came, ...again], pages)).toEqual(model(came));
          expect(land(came.toReversed(), pages)).toEqual(model(came));
        },
      ),
      { numRuns: runs },
    );
  });

  test('without versions: the one received last counts, however long it waited', () => {
    assert(
      property(array(unversioned, { maxLength: 14 }), sizes, (came, pages) => {
        expect(land(came, pages)).toEqual(model(came));
      }),
      { numRuns: runs },
    );
  });
});
