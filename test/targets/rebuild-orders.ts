import { expect } from '@jest/globals';
import type { StreamInput } from '../../definitions/definition.ts';
import type { Target } from '../../targets/target.ts';
import type { UsedKind } from './kinds.ts';
import type { LandBench } from './land-bench.ts';

export const definition = {
  primaryKey: ['id'],
  version: ['v'],
  schema: {
    type: 'object',
    required: ['id'],
    properties: { id: { type: 'string' }, v: { type: 'integer' }, text: { type: ['string', 'null'] } },
  },
} satisfies Partial<StreamInput>;
export const narrow = {
  ...definition,
  schema: { ...definition.schema, properties: { ...definition.schema.properties, text: { type: 'string' } } },
} satisfies Partial<StreamInput>;
export const wider = {
  ...definition,
  schema: { ...definition.schema, properties: { ...definition.schema.properties, more: { type: 'integer' } } },
} satisfies Partial<StreamInput>;
export const order = (id: string, v: number, text: string | null = `${id} ${v}`): string =>
  JSON.stringify({ id, v, text, more: v });

export const none = { changed: 0, gone: 0, came: 0 };

export interface Orders {
  readonly stream: string;
  readonly target: Target;
}

let streams = 0;

/** A stream of its own, of which three orders were read twice and loaded. */
export async function landedOrders(
  bench: LandBench,
  warehouse: UsedKind,
  of: Partial<StreamInput> = definition,
): Promise<Orders> {
  const stream = `r${(streams += 1)}`;
  await bench.define({ [stream]: of });
  await bench.pull(stream, [
    [order('a', 1), order('b', 1), order('c', 1)],
    [order('b', 2), order('a', 0)],
  ]);
  const target = await warehouse.fresh();
  await bench.apply(stream, target);
  return { stream, target };
}

/** After the next load. */
export async function isRight(bench: LandBench, { stream, target }: Orders): Promise<void> {
  expect(await bench.apply(stream, target)).toMatchObject({ state: 'caughtUp', building: null });
  expect(await bench.landed(stream, target)).toEqual(await bench.shown(stream));
  expect(await target.placed(await bench.tableOf(stream))).toMatchObject({ live: { unfilled: [] } });
}
export const placesOf = async (bench: LandBench, { stream, target }: Orders): Promise<string[]> =>
  Object.keys(await target.placed(await bench.tableOf(stream))).toSorted();
