import type { StreamInput } from '../../definitions/definition.ts';
import type { OwnAnswer, OwnPartner, OwnPartners } from '../support/own-partner.ts';

/** A partner of one stream whose answers each test writes. */
export const things = {
  path: '/things',
  records: 'data',
  primaryKey: ['id'],
  schema: { type: 'object', required: ['id'], properties: { id: { type: 'integer' } } },
} satisfies StreamInput;

export const readingOf =
  (partners: () => OwnPartners) =>
  (answer: (url: URL) => OwnAnswer, change: Partial<StreamInput>, grant = {}): Promise<OwnPartner> =>
    partners().partner(
      answer,
      { things: { ...things, ...change } },
      { grant: { requests: 500, time: '30s', ...grant } },
    );

export const number = (url: URL, name: string, otherwise = 0): number =>
  Number(url.searchParams.get(name) ?? otherwise);

export async function idsOf({ pool }: OwnPartners, { name }: OwnPartner): Promise<number[]> {
  const { rows } = await pool.query<{ id: string }>(`select id from ${name}.things order by id`);
  return rows.map((row) => Number(row.id));
}

export const ids = (count: number): { id: number }[] => Array.from({ length: count }, (_, i) => ({ id: i + 1 }));
export const numbers = (count: number): number[] => ids(count).map(({ id }) => id);
