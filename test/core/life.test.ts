import { describe, expect, test } from '@jest/globals';
import type { Column } from '../../core/column.ts';
import { whatWasHeld, type EntryOfKey } from '../../core/entry-of-key.ts';
import { fieldChanges } from '../../core/field-changes.ts';
import { askedKey, pairsOf } from '../../core/key-asked.ts';
import { lifeOf, type Disposition, type TracedEvent } from '../../core/life.ts';
import { readableVersion, whatHappened } from '../../core/life-words.ts';
import type { Operation } from '../../core/logged-event.ts';
import { standingInStore, standingInTarget } from '../../core/standing.ts';

describe('what differs between two records', () => {
  test.each([
    ['nothing, whatever the order of fields', '{"a":1,"b":{"c":2,"d":3}}', '{"b":{"d":3,"c":2.0},"a":1}', []],
    ['a value, with both', '{"a":1,"b":2}', '{"a":1,"b":3}', [['b', '2', '3']]],
    [
      'one that came and one that went',
      '{"a":1}',
      '{"b":null}',
      [
        ['b', null, 'null'],
        ['a', '1', null],
      ],
    ],
    ['inside of objects', '{"x":{"y":{"z":1,"u":2}}}', '{"x":{"y":{"z":9,"u":2}}}', [['x.y.z', '1', '9']]],
    ['an array as one', '{"x":[1,{"a":1}]}', '{"x":[1,{"a":2}]}', [['x', '[1,{"a":1}]', '[1,{"a":2}]']]],
    ['an object that was none', '{"x":{"a":1}}', '{"x":7}', [['x', '{"a":1}', '7']]],
    [
      'digits beyond a double',
      '{"n":9007199254740993}',
      '{"n":9007199254740992}',
      [['n', '9007199254740993', '9007199254740992']],
    ],
    ['a field called __proto__', '{"__proto__":1}', '{"__proto__":2}', [['__proto__', '1', '2']]],
    ['what is no object', '1', '2', [['', '1', '2']]],
  ])('%s', (_, before, after, expected) => {
    expect(fieldChanges(before, after).map((change) => [change.field, change.before, change.after])).toEqual(expected);
  });
});

const source: TracedEvent['source'] = {
  batch: 'page',
  run: 'sync/acme/payments/2026-11-24',
  window: '2026-11-24',
  page: 1,
  pushed: null,
  requestId: null,
  sweep: null,
  running: false,
};

let number = 0;
function event(
  operation: Operation,
  record: object | null,
  { version = null, ...more }: { version?: string | null } & Partial<TracedEvent['source']> = {},
): TracedEvent {
  number += 1;
  const payload = JSON.stringify(record);
  return {
    event: number,
    operation,
    page: number,
    ordinal: 0,
    received: { page: number, ordinal: 0 },
    run: 1,
    key: 'a',
    version,
    hash: payload,
    parents: [],
    payload,
    receivedAt: '2026-11-24T00:00:00.000Z',
    source: { ...source, ...more },
  };
}

const told = (disposition: Disposition, events: readonly TracedEvent[], whole = true): string[] =>
  lifeOf({ events, whole, disposition }).map((each) => whatHappened(each));

const eight = (value: number): object => Object.fromEntries(Array.from('abcdefgh').map((name) => [name, value]));
const versioned = (a: number, version: string): TracedEvent => event('u', { a }, { version });

describe('the life of a key in words', () => {
  test('it comes, changes, comes late, is gone, and comes again', () => {
    const sweep = { batch: 'sweep' };
    const events = [
      event('u', { a: 1, b: 1 }),
      event('u', { a: 2, b: 2 }),
      event('s', { a: 0, b: 0 }),
      event('d', null, sweep),
      event('u', { a: 2, b: 2 }),
      event('d', null, sweep),
      event('u', { a: 3, b: 2 }),
    ];
    expect(told('merge', events)).toEqual([
      'came first',
      'changed a, b',
      'older than what was known: kept, changed nothing',
      'gone: the complete listing of run sync/acme/payments/2026-11-24 did not name it',
      'came again',
      'gone: the complete listing of run sync/acme/payments/2026-11-24 did not name it',
      'came again, with another a',
    ]);
    expect(told('merge', events.slice(0, 1), false)).toEqual(['came; older events of its key were not read']);
  });

  test('many fields are counted, and a parent that changed is told as such', () => {
    const parent = { ...event('u', eight(2)), hash: 'other' };
    expect(told('merge', [event('u', eight(1)), event('u', eight(2)), parent])).toEqual([
      'came first',
      'changed a, b, c, d, e, f and 2 more',
      'changed nothing in the record itself: its parent has other values',
    ]);
  });

  test('the same version with other content is named; an older one changed nothing, also where the log says u', () => {
    expect(told('merge', [versioned(1, '2'), versioned(2, '2'), versioned(3, '1'), versioned(2, '2')])).toEqual([
      'came first',
      'changed a; the version is the same as before, and the later arrival counts',
      'older than what was known: kept, changed nothing',
      'logged once more, with the same content',
    ]);
    expect(told('replace', [versioned(1, '2'), versioned(3, '1')])).toEqual(['came first', 'changed a']);
  });

  test('a listing holds as a whole: from its end on, not yet, or never', () => {
    const events = [
      event('u', { a: 1 }, { sweep: 90 }),
      event('u', { a: 2 }, { sweep: 0 }),
      event('u', { a: 3 }, { running: true }),
    ];
    expect(told('replace', events)).toEqual([
      'came first',
      'changed a; its listing was never swapped in, so no table has it',
      'changed a; tables have it once the listing of its run has ended',
    ]);
    const life = lifeOf({ events, whole: true, disposition: 'replace' });
    expect(life.map(({ from }) => from)).toEqual([90, null, null]);
    expect(life[2]?.changes).toEqual([{ field: 'a', before: '1', after: '3' }]);
    expect(standingInTarget(life, { cursor: 89, leftOut: [] })).toMatchObject({
      state: 'unknown',
      waits: events[0]?.event,
    });
    expect(standingInTarget(life, { cursor: 90, leftOut: [] })).toMatchObject({ state: 'there', waits: null });
  });

  test('the end of a listing may log a record anew', () => {
    expect(told('replace', [event('u', { a: 1 }, { batch: 'sweep', sweep: 9 })])).toEqual([
      'came first; logged by the end of a listing, because the table showed another event',
    ]);
  });
});

const rowOf = (number: number) => ({ event: number, loadedAt: '2026-11-24T01:02:03.456Z', rows: 1 });

describe('where a record stands', () => {
  const first = event('u', { a: 1 });
  const second = event('u', { a: 2 });
  const gone = event('d', null);
  const life = lifeOf({ events: [first, second, gone], whole: true, disposition: 'merge' });

  test('in the store', () => {
    expect(standingInStore(life, undefined).says).toBe(`no row: the record is gone since event ${gone.event}`);
    expect(standingInStore(life.slice(0, 2), undefined)).toMatchObject({ state: 'other' });
    expect(standingInStore(life, rowOf(second.event))).toMatchObject({ state: 'other', event: second.event });
    expect(standingInStore(life.slice(0, 2), rowOf(second.event)).says).toBe(
      `the row stands for event ${second.event}, loaded 2026-11-24 01:02:03 UTC`,
    );
    expect(standingInStore([], undefined)).toMatchObject({ state: 'unknown' });
  });

  const at = (cursor: number, leftOut: readonly number[] = []) => standingInTarget(life, { cursor, leftOut });
  test('in a target with a cursor of its own', () => {
    expect(at(0)).toMatchObject({ state: 'unknown', waits: gone.event });
    expect(at(first.event).says).toBe(`has it as of event ${first.event}; event ${gone.event} waits to be loaded`);
    expect(at(gone.event)).toMatchObject({ state: 'gone', waits: null, says: `it is gone since event ${gone.event}` });
    expect(at(second.event, [second.event])).toMatchObject({ state: 'other', event: null });
  });
});

const id: Column = { name: 'id', path: ['id'], type: 'integer' };
const account: Column = { name: 'owner_account', path: ['owner', 'account'], type: 'text' };
const time: Column = { name: 'at', path: ['at'], type: 'timestamp' };

describe('a key as people write it', () => {
  test.each([
    ['its value', ['42'], [id], '42'],
    ['its value by name', ['id=42'], [id], '42'],
    ['a value with a sign in it', ['a=b'], [account], 'a=b'],
    ['a number as the log writes it', ['1.50'], [{ ...id, type: 'number' as const }], '1.5'],
    ['a time as the log writes it', ['2026-11-24T02:00:00+01:00'], [time], '2026-11-24T01:00:00.000000Z'],
    ['yes and no', ['true'], [{ ...id, type: 'boolean' as const }], 't'],
    ['what its type does not take', ['pay_7'], [id], 'pay_7'],
    ['several fields in any order', ['id=7', 'owner.account=x y'], [account, id], '["x y","7"]'],
    ['by the names of columns', ['owner_account=x', 'id=7'], [account, id], '["x","7"]'],
  ])('%s', (_, words, columns, key) => expect(askedKey(words, columns)).toBe(key));

  test('without a definition it is the text of the log', () => {
    expect(askedKey(['["x","7"]'], undefined)).toBe('["x","7"]');
  });

  test.each([
    [['7'], /^key: expected owner\.account=… id=…, found "7"$/],
    [['id=7'], /^key: expected owner\.account=… id=…, and owner\.account is missing$/],
    [['id=7', 'id=8', 'owner.account=x'], /each once, found 3 values$/],
  ])('%j is refused by the names of the fields', (words, says) => {
    expect(() => askedKey(words, [account, id])).toThrow(says);
    expect(() => askedKey(words, [])).toThrow(/the stream has no `primaryKey`/);
  });

  test.each([
    ['a b=c', [id], ['a b=c']],
    ['owner.account=main id=7', [account, id], ['owner.account=main', 'id=7']],
    ['id=a b  owner.account= x=1 ', [account, id], ['id=a b', 'owner.account= x=1']],
    ['x id=7', [account, id], ['x id=7']],
    ['7', [account, id], ['7']],
  ])('%j in one text is these words', (text, columns, words) => expect(pairsOf(text, columns)).toEqual(words));
});

test('what was in quarantine says what became of it', () => {
  const entry: EntryOfKey = {
    id: '4.0',
    place: { page: 4, ordinal: 0 },
    received: { page: 4, ordinal: 0 },
    path: 'status',
    reason: 'is missing',
    status: 'held',
    at: '2026-11-24T00:00:00.000Z',
    lastSeenAt: '2026-11-25T10:20:30.000Z',
    settledAt: null,
    supersededAt: null,
    count: 1,
    page: 1,
    requestId: null,
    run: null,
    window: null,
  };
  expect(whatWasHeld(entry)).toBe('did not fit: status: is missing (quarantine 4.0); held: it waits for a replay');
  expect(whatWasHeld({ ...entry, path: '', count: 3, status: 'dismissed' })).toBe(
    'did not fit: the record: is missing (quarantine 4.0); came 3 times, last 2026-11-25 10:20 UTC; dismissed',
  );
  expect(whatWasHeld({ ...entry, status: 'replayed', settledAt: '2026-11-26T00:00:00.000Z' })).toMatch(
    /; replayed 2026-11-26 00:00 UTC$/,
  );
  expect(whatWasHeld({ ...entry, supersededAt: '2026-11-26T00:00:00.000Z' })).toMatch(
    /a newer record .* has come since/,
  );
});

test.each([
  ['00000000000000000002', '2'],
  ['00000000000000000000', '0'],
  ['2026-11-24T00:00:00.000000000Z 00000000000000000012.5', '2026-11-24T00:00:00Z 12.5'],
  ['2026-11-24T00:00:00.120000000Z', '2026-11-24T00:00:00.12Z'],
  ['007', '007'],
])('the version %s is shown as %s', (version, shown) => expect(readableVersion(version)).toBe(shown));
