/** The bench's partner: the simulator's payments, without limits. */
export const benchDefinition = (limit: number): string => `name: bench
baseUrl: \${BENCH_URL}
grant: { requests: 500, time: 30s }
streams:
  payments:
    path: /v1/payments
    query: { limit: ${limit} }
    records: data
    primaryKey: [id]
    version: [updated_at, sequence]
    pagination: { type: token, token: next_cursor, as: cursor, hasMore: has_more }
    schema:
      type: object
      required: [id, customer_id, amount_minor, currency, status, created_at, updated_at, sequence]
      properties:
        id: { type: string }
        customer_id: { type: string }
        amount_minor: { type: integer }
        currency: { type: string }
        status: { type: string }
        method: { type: string }
        reference: { type: string }
        description: { type: [string, 'null'] }
        created_at: { type: string, format: date-time }
        updated_at: { type: string, format: date-time }
        sequence: { type: integer }
        metadata: { type: object }
`;
