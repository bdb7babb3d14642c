import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { duplicateWorkers, type DuplicateWorkers } from '../duplicates/duplicate-workers.ts';
import { ownPartners, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';

export const schema = {
  type: 'object',
  properties: { id: { type: 'string' }, email: { type: 'string' }, name: { type: 'string' } },
} as const;

export type Person = readonly [id: string, email: string, name: string];

/** People of a shop, some of whom are there twice, and workers that look for them. */
export interface DuplicatePeople {
  readonly own: OwnPartners;
  readonly shop: OwnPartner;
  readonly workers: DuplicateWorkers;
  /** What comes in one more night. */
  read(people: readonly Person[]): Promise<void>;
  /** The ids that belong together. */
  together(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export async function duplicatePeople(): Promise<DuplicatePeople> {
  const own = await ownPartners();
  let served: readonly unknown[] = [];
  let nights = 0;
  const shop = await own.partner(() => ({ body: served }), { people: { path: '/people', primaryKey: ['id'], schema } });
  const joins = { cron: '0 6 * * *', paused: true };
  const settings = {
    people: {
      from: [{ stream: `${shop.name}.people`, fields: { email: 'email', name: 'name' } }],
      compare: { email: { as: 'email', score: false }, name: { as: 'name', score: false } },
      exact: [
        { name: 'same-email', fields: ['email'] },
        { name: 'same-name', fields: ['name'], review: true },
      ],
      survivors: { name: 'longest' },
      largest: 3,
      join: joins,
    },
    places: {
      from: [{ stream: `${shop.name}.people`, fields: { name: 'name' } }],
      exact: [{ name: 'same-name', fields: ['name'] }],
      join: joins,
    },
  };
  writeFileSync(join(own.folder, 'duplicates.yaml'), JSON.stringify(settings));
  const workers = await duplicateWorkers(own);
  const read = async (people: readonly Person[]): Promise<void> => {
    served = people.map(([id, email, name]) => ({ id, email, name }));
    await shop.read('people', { window: `2026-01-0${(nights += 1)}` });
  };
  await read([
    ['1', 'ada@example.com', 'Ada'],
    ['2', 'Ada@Example.com', 'Ada Okafor'],
    ['3', 'bola@example.com', '=cmd()'],
    ['4', 'bola@example.com', 'Bola'],
    ['5', 'else@example.com', 'Bola'],
  ]);
  return {
    own,
    shop,
    workers,
    read,
    together: async () => {
      const { rows } = await own.pool.query<{ ids: string }>(
        `select string_agg(row, ' ' order by row) as ids from golden.people_rows group by entity having count(*) > 1 order by 1`,
      );
      return rows.map(({ ids }) => ids);
    },
    close: async () => {
      await workers.stop();
      await own.close();
    },
  };
}
