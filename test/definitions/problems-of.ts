import { checkPartner } from '../../definitions/check.ts';
import { partner, type PartnerInput } from '../../definitions/definition.ts';
import { dotted } from '../../definitions/problem.ts';

export type Stream = PartnerInput['streams'][string];

export const properties = {
  id: { type: 'string' },
  at: { type: 'string', format: 'date-time' },
  ok: { type: 'boolean' },
  customer: { type: 'object', properties: { id: { type: 'string' } } },
};
export const stream = (more: Partial<Stream> = {}): Stream => ({
  path: '/orders',
  primaryKey: ['id'],
  schema: { type: 'object', properties },
  ...more,
});
export const child = (of: string): Stream => stream({ path: '/a/{b}', parent: { stream: of, field: 'id', as: 'b' } });
export const changed = { stream: 'others', changed: 'at' };
export const withField = (field: unknown): Stream =>
  stream({ schema: { type: 'object', properties: { ...properties, field }, $defs: { money: { type: 'integer' } } } });
export const withFields = (fields: object): Stream =>
  stream({ schema: { type: 'object', properties: { ...properties, ...fields } } });

/** What the check of a definition with these streams says, each with its place. */
export const problems = (streams: Record<string, Stream>, top: Partial<PartnerInput> = {}): string[] =>
  checkPartner(partner.parse({ name: 'acme', baseUrl: 'https://api.example', streams, ...top })).map(
    ({ path, says }) => `${dotted(path)}: ${says}`,
  );
