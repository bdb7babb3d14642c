import { describe, expect, test } from '@jest/globals';
import { microsOf } from '../../simulator/micros.ts';
import { streams } from '../../simulator/records.ts';
import type { StreamName } from '../../simulator/records.ts';
import { createWorld } from '../../simulator/world.ts';
import type { World } from '../../simulator/world.ts';

const END = microsOf('2026-11-24T00:00:00Z', 'end');
const size = { customers: 100, payments: 2000, refunds: 300, events: 500 };
const rowsOf = (world: World, stream: StreamName) =>
  Array.from(world.tables[stream].order, (index) => world.row(stream, index));
const all = (world: World) => Object.fromEntries(streams.map((stream) => [stream, rowsOf(world, stream)]));

const mutated = (seed: number) => {
  const world = createWorld(seed, size, END);
  world.mutate({ change: 30, add: 10, remove: 5 });
  world.mutate({ stream: 'refunds', change: 3 });
  return all(world);
};

describe('a world', () => {
  test('is the same for the same seed, mutations included, and another for another seed', () => {
    expect(mutated(3)).toEqual(mutated(3));
    expect(mutated(3)['payments']).not.toEqual(mutated(4)['payments']);
  });

  test('keeps a record as it was when the world is larger in other streams', () => {
    const [small, large] = [createWorld(1, size, END), createWorld(1, { ...size, events: 9, refunds: 1 }, END)];
    expect(rowsOf(large, 'payments')).toEqual(rowsOf(small, 'payments'));
  });

  test('lists payments by updated_at and then by order of creation, with ties and microseconds', () => {
    const rows = rowsOf(createWorld(1, size, END), 'payments');
    const keys = rows.map((row) => `${String(row['updated_at'])} ${String(row['id'])}`);
    expect(keys).toEqual(keys.toSorted());
    const times = new Set(rows.map((row) => row['updated_at']));
    expect(rows.length - times.size).toBeGreaterThan(20);
    expect(rows.filter((row) => !String(row['updated_at']).endsWith('000Z')).length).toBeGreaterThan(1000);
  });

  test('holds payments of about 300 bytes, none updated before it was created or after the end', () => {
    const rows = rowsOf(createWorld(1, size, END), 'payments');
    const bytes = rows.map((row) => JSON.stringify(row).length);
    expect(Math.min(...bytes)).toBeGreaterThan(250);
    expect(Math.max(...bytes)).toBeLessThan(450);
    for (const row of rows) {
      expect(String(row['updated_at']) >= String(row['created_at'])).toBe(true);
      expect(String(row['updated_at']) < '2026-11-24').toBe(true);
    }
  });

  test('has refunds that point to payments, created after them, some before their last update', () => {
    const world = createWorld(1, size, END);
    const payments = new Map(rowsOf(world, 'payments').map((row) => [row['id'], row]));
    const pairs = rowsOf(world, 'refunds').map((refund) => [refund, payments.get(refund['payment_id']) ?? {}] as const);
    const late = pairs.filter(([refund, payment]) => String(payment['created_at']) > String(refund['created_at']));
    expect(late.length).toBeLessThan(3);
    const older = pairs.filter(([refund, payment]) => String(refund['created_at']) < String(payment['updated_at']));
    expect(older.length).toBeGreaterThan(0);
  });
});

describe('a mutation', () => {
  test('changes, adds and removes as many rows as asked, and moves the changed ones to the end', () => {
    const world = createWorld(1, size, END);
    const before = new Map(rowsOf(world, 'payments').map((row) => [row['id'], row]));
    world.mutate({ change: 30, add: 10, remove: 5 });
    const after = rowsOf(world, 'payments');
    const changed = after.filter(
      (row) => before.has(row['id']) && before.get(row['id'])?.['sequence'] !== row['sequence'],
    );
    expect(after).toHaveLength(2005);
    expect(after.filter((row) => !before.has(row['id']))).toHaveLength(10);
    expect(changed).toHaveLength(30);
    const last = new Set(after.slice(-40).map((row) => row['id']));
    expect(changed.every((row) => last.has(row['id']))).toBe(true);
    for (const row of changed) {
      const { status: _was, updated_at: _then, sequence, ...same } = before.get(row['id']) ?? {};
      expect(row).toMatchObject({ ...same, sequence: Number(sequence) + 1 });
    }
  });

  test('happens at the time that is given', () => {
    const world = createWorld(1, size, END);
    world.mutate({ add: 1, at: '2027-01-02T03:04:05.000006Z' });
    expect(rowsOf(world, 'payments').at(-1)).toMatchObject({ updated_at: '2027-01-02T03:04:05.000006Z' });
  });

  test('cannot change what is append-only', () => {
    const world = createWorld(1, size, END);
    expect(() => world.mutate({ stream: 'events', change: 1 })).toThrow('append-only');
    world.mutate({ stream: 'events', add: 2 });
    expect(rowsOf(world, 'events')).toHaveLength(502);
  });
});
