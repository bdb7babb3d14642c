import { z } from 'zod';
import { InvalidInput } from '../core/errors.ts';
import { fault } from './fault.ts';
import { streams } from './records.ts';

/** What the simulator takes as JSON: on the command line, over HTTP, from tests. */

export const headerFamilies = [
  'none',
  'ietf',
  'ratelimit',
  'x-ratelimit',
  'github',
  'hubspot',
  'shopify',
  'salesforce',
  'zendesk',
] as const;
export type HeaderFamily = (typeof headerFamilies)[number];

export const limits = z.strictObject({
  /** Token bucket: `rate` requests per `perMs`, `burst` at once. */
  rate: z.number().positive().optional(),
  perMs: z.number().positive().default(1000),
  burst: z.int().positive().default(1),
  /** Fixed windows, aligned to the clock. */
  window: z.strictObject({ limit: z.int().positive(), perMs: z.number().positive() }).optional(),
  /** Requests being answered at once. */
  concurrency: z.int().positive().optional(),
  /** Requests per day, from midnight UTC. */
  daily: z.int().positive().optional(),
  headers: z.enum(headerFamilies).default('none'),
  status: z.union([z.literal(429), z.literal(403), z.literal(503)]).default(429),
  retryAfter: z.enum(['seconds', 'none']).default('seconds'),
});
export type Limits = z.output<typeof limits>;

const text = z.string().min(1);
export const auth = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('none') }),
  z.strictObject({ type: z.literal('bearer'), token: text.default('sim-token') }),
  z.strictObject({
    type: z.literal('apiKey'),
    in: z.enum(['header', 'query']).default('header'),
    name: text.default('x-api-key'),
    key: text.default('sim-key'),
  }),
  z.strictObject({
    type: z.literal('basic'),
    username: text.default('sim'),
    password: z.string().default('sim-password'),
  }),
  z.strictObject({
    type: z.literal('oauth2'),
    clientId: text.default('sim-client'),
    clientSecret: text.default('sim-secret'),
    /** The first refresh token; each use of one gives the next and ends it. */
    refreshToken: text.default('sim-refresh'),
    expiresInSecs: z.int().positive().default(3600),
    expiresAfterRequests: z.int().positive().optional(),
  }),
  z.strictObject({
    type: z.literal('hmac'),
    secret: text.default('sim-secret'),
    algorithm: z.enum(['sha256', 'sha512', 'sha1']).default('sha256'),
    encoding: z.enum(['hex', 'base64']).default('hex'),
    header: text.default('x-signature'),
    prefix: z.string().default(''),
    timestampHeader: text.optional(),
    /** {method} {path} {query} {timestamp} {body} are replaced. */
    template: text.default('{timestamp}.{method}.{path}.{body}'),
    toleranceSecs: z.int().positive().default(300),
  }),
]);
export type Auth = z.output<typeof auth>;

export const faults = z.array(fault);
export const latencyMs = z.number().nonnegative();
const rows = z.int().nonnegative().optional();
export const mutation = z.strictObject({
  stream: z.enum(streams).optional(),
  change: rows,
  add: rows,
  remove: rows,
  at: z.string().optional(),
});

/** Checks a value of the outside and says in plain words what is wrong with it. */
export function checked<T extends z.ZodType>(schema: T, value: unknown, what: string): z.output<T> {
  const result = schema.safeParse(value);
  if (!result.success) throw new InvalidInput(`${what}: ${z.prettifyError(result.error).replaceAll('\n', ' ')}`);
  return result.data;
}
