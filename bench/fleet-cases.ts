import type { JudgeInput } from '../simulator/judge/settings.ts';

type Judges = NonNullable<JudgeInput['judges']>;

/** What a strict partner judges by, and what a definition says of it. `rate` in requests per second. */
export interface FleetCase {
  readonly name: string;
  readonly judges: (rate: number) => Judges;
  /** YAML. */
  readonly limits: (rate: number) => string;
  /** Answers take so long; where what counts is how many are under way. */
  readonly latencyMs?: number;
  /** Refusals whatever the limits say: the n-th request of the token, and all that comes before the reset it told. */
  readonly scripted?: readonly { readonly nth: number; readonly retryAfterMs: number }[];
}

const perSecond = (rate: number): string => `{ rate: ${rate}, per: 1s`;

export const fleetCases: readonly FleetCase[] = [
  {
    name: 'token-bucket-1',
    judges: (rate) => [{ kind: 'tokenBucket', rate }],
    limits: (rate) => `${perSecond(rate)} }`,
  },
  {
    name: 'token-bucket-5',
    judges: (rate) => [{ kind: 'tokenBucket', rate, burst: 5 }],
    limits: (rate) => `${perSecond(rate)}, burst: 5 }`,
  },
  {
    name: 'token-bucket-second',
    judges: (rate) => [{ kind: 'tokenBucket', rate, burst: rate }],
    limits: (rate) => `${perSecond(rate)}, burst: ${rate} }`,
  },
  {
    name: 'leaky-bucket',
    judges: (rate) => [{ kind: 'leakyBucket', capacity: 10, leak: rate }],
    limits: (rate) => `${perSecond(rate)}, burst: 10 }`,
  },
  {
    name: 'fixed-window',
    judges: (rate) => [{ kind: 'fixedWindow', limit: 10 * rate, perMs: 10_000 }],
    limits: (rate) => `{ windows: [{ name: w, limit: ${10 * rate}, per: 10s }] }`,
  },
  {
    name: 'fixed-window-known',
    judges: (rate) => [{ kind: 'fixedWindow', limit: 10 * rate, perMs: 10_000 }],
    limits: (rate) => `{ quotas: [{ name: w, limit: ${10 * rate}, per: 10s }] }`,
  },
  {
    name: 'sliding-window',
    judges: (rate) => [{ kind: 'slidingWindow', limit: 10 * rate, perMs: 10_000 }],
    limits: (rate) => `{ windows: [{ name: w, limit: ${10 * rate}, per: 10s }] }`,
  },
  {
    name: 'concurrency',
    judges: () => [{ kind: 'concurrency', limit: 3 }],
    limits: () => '{ concurrency: 3 }',
    latencyMs: 100,
  },
  {
    name: 'quota',
    judges: (rate) => [{ kind: 'dailyQuota', limit: 20 * rate, windowMs: 20_000 }],
    limits: (rate) => `{ quotas: [{ name: day, limit: ${20 * rate}, per: 20s }] }`,
  },
  {
    name: 'weights',
    judges: (rate) => [{ kind: 'tokenBucket', rate, burst: 5, weights: [{ path: '/s/heavy', weight: 3 }] }],
    limits: (rate) => `${perSecond(rate)}, burst: 5, weights: [{ path: /s/heavy, weight: 3 }] }`,
  },
  {
    name: 'secondary',
    judges: (rate) => [
      { kind: 'tokenBucket', rate: 5 * rate, burst: 5 * rate },
      { kind: 'secondary', points: 10 * rate, perMs: 10_000 },
    ],
    limits: (rate) =>
      `{ rate: ${5 * rate}, per: 1s, burst: ${5 * rate}, windows: [{ name: points, limit: ${10 * rate}, per: 10s }] }`,
  },
  {
    name: 'retry-after',
    judges: (rate) => [{ kind: 'tokenBucket', rate, burst: 5 }],
    limits: (rate) => `${perSecond(rate)}, burst: 5 }`,
    scripted: [50, 150, 250].map((nth) => ({ nth, retryAfterMs: 3000 })),
  },
  {
    name: 'retry-after-without-limits',
    judges: () => [],
    limits: () => '{}',
    latencyMs: 20,
    scripted: [50, 150, 250].map((nth) => ({ nth, retryAfterMs: 3000 })),
  },
];

const STREAMS = ['s1', 's2', 's3', 's4', 's5', 's6', 's7', 'heavy'] as const;

export const fleetStreams: readonly string[] = [...STREAMS, 'backfill'];

const stream = (name: string): string => `  ${name}:
    path: /s/${name}
    records: data
    primaryKey: [id]
    lane: ${name === 'backfill' ? 'backfill' : name === 's1' ? 'critical' : 'normal'}
    pagination: { type: token, token: next, as: page }
    schema: { type: object, required: [id], properties: { id: { type: string }, v: { type: integer } } }`;

/** Eight streams side by side and one that reads the past. */
export function fleetDefinition(limits: string): string {
  return `name: judged
baseUrl: \${JUDGE_URL}
auth: { type: bearer, token: judged-token }
limits: ${limits}
streams:
${fleetStreams.map(stream).join('\n')}
`;
}
