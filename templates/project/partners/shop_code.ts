import { definePartner, z, type AnsweredPage, type OutgoingRequest, type ReadSecret } from 'syncline';

// The same partner in TypeScript: functions stand wherever plain values do not reach. Delete this file if yours do.

/** Any scheme of credentials: called for each request. `secret` gives the value of now, from DEMO_TOKEN or DEMO_TOKEN_FILE. */
async function sign(request: OutgoingRequest, _now: Date, secret: ReadSecret): Promise<OutgoingRequest> {
  return { ...request, headers: { ...request.headers, authorization: `Bearer ${await secret('DEMO_TOKEN')}` } };
}

/** Any way of paging: the cursor of the next page, or null after the last one. */
function nextPage({ body }: AnsweredPage): string | null {
  const { has_more: more, next_cursor: next } = z
    .looseObject({ has_more: z.boolean(), next_cursor: z.string().nullish() })
    .parse(body);
  return more ? (next ?? null) : null;
}

export default definePartner({
  name: 'shop_code',
  baseUrl: '${DEMO_URL}',
  auth: sign,
  limits: { rate: 100, burst: 10 },
  streams: {
    payments: {
      path: '/v1/payments',
      query: { limit: 500 },
      records: 'data',
      primaryKey: ['id'],
      version: ['updated_at', 'sequence'],
      pagination: { type: 'function', next: nextPage, as: 'cursor' },
      schema: z.looseObject({
        id: z.string(),
        amount_minor: z.int(),
        currency: z.string().length(3),
        updated_at: z.iso.datetime({ offset: true }),
        sequence: z.int(),
      }),
    },
  },
});
