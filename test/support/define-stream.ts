import { compileStream } from '../../definitions/compile.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { partner, type PartnerInput, type StreamInput } from '../../definitions/definition.ts';
import { plainNames } from '../../messages/names.ts';

/** Stream `orders` of partner `acme`: a key, a version, and what the test wants to be different. */
export function defineStream(
  stream: Partial<StreamInput> = {},
  rest: Partial<Omit<PartnerInput, 'streams'>> = {},
): CompiledStream {
  return compileStream(
    partner.parse({
      name: 'acme',
      baseUrl: 'https://api.acme.example',
      ...rest,
      streams: { orders: { path: '/orders', primaryKey: ['id'], version: ['v'], schema: ordersSchema, ...stream } },
    }),
    'orders',
    plainNames,
  );
}

export const ordersSchema = {
  type: 'object',
  required: ['id'],
  properties: { id: { type: 'string' }, v: { type: 'integer' }, text: { type: ['string', 'null'] } },
};
