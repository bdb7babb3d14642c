/** The bench's partner: the simulator's payments, as one stream or several side by side. `limits` as YAML. */
export const benchDefinition = ({ limit, limits = '{}', streams = 1 }: BenchPartner): string => `name: bench
baseUrl: \${BENCH_URL}
limits: ${limits}
grant: { requests: 500, time: 30s }
streams:
${Array.from({ length: streams }, (_, i) => payments(i === 0 ? 'payments' : `payments_${i + 1}`, limit)).join('')}`;

export interface BenchPartner {
  /** Records of a page. */
  readonly limit: number;
  readonly limits?: string;
  readonly streams?: number;
}

const payments = (name: string, limit: number): string => `  ${name}:
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
