import { partner } from '../../../definitions/definition.ts';
import type { Partner, PartnerInput, StreamDefinition, StreamInput } from '../../../definitions/definition.ts';
import type { Position } from '../../../core/page.ts';

export const start: Position = { cursor: null, range: null, parents: [] };

export function define(
  stream: Partial<StreamInput> = {},
  rest: Partial<Omit<PartnerInput, 'streams'>> = {},
): { partner: Partner; stream: StreamDefinition } {
  const parsed = partner.parse({
    name: 'acme',
    baseUrl: 'https://api.acme.example/v2',
    ...rest,
    streams: { orders: { path: '/orders', schema: {}, ...stream } },
  });
  return { partner: parsed, stream: parsed.streams.orders as StreamDefinition };
}
