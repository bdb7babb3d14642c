import { z } from 'zod';

/** What became of one record of a request. `accepted`: it is in the log. `quarantined`: it does not fit, and is kept until somebody has looked at it. */
export const item = z.strictObject({
  index: z.int().nonnegative().describe('place among the records of the request, from 0'),
  status: z.enum(['accepted', 'quarantined']),
  pointer: z.string().optional().describe('where it does not fit: JSON Pointer into the body'),
  detail: z.string().optional().describe('what was expected, without the value that was found'),
});
export type Item = z.output<typeof item>;

/** 202: the records are in the log, and stay there. */
export const accepted = z.strictObject({
  id: z.uuid().describe('of the request'),
  status: z.literal('accepted'),
  received_at: z.iso.datetime(),
  records: z.int().nonnegative(),
  accepted: z.int().nonnegative(),
  quarantined: z.int().nonnegative(),
  items: z.array(item),
  links: z.strictObject({ self: z.string().describe('where its state can be asked for') }),
});
export type Accepted = z.output<typeof accepted>;

export const requestStates = ['applied', 'waiting', 'quarantined'] as const;

/** What happened to the records of a request now. */
export const requestState = z.strictObject({
  id: z.uuid(),
  status: z
    .enum(requestStates)
    .describe(
      '`waiting`: some records wait for others; `quarantined`: some did not fit; `applied`: all others are told to the tables',
    ),
  version: z.int().positive().describe('grows with each change'),
  final: z.boolean().describe('nothing of it changes by itself any more'),
  received_at: z.iso.datetime(),
  committed_at: z.iso.datetime(),
  partner: z.string(),
  stream: z.string(),
  counts: z.strictObject({
    records: z.int().nonnegative(),
    inserted: z.int().nonnegative(),
    updated: z.int().nonnegative(),
    unchanged: z.int().nonnegative().describe('known with the same content'),
    stale: z.int().nonnegative().describe('older than what was known'),
    deleted: z.int().nonnegative(),
    waited: z.int().nonnegative().describe('had to wait for others when they came'),
    quarantined: z.int().nonnegative(),
  }),
  waiting: z.int().nonnegative().describe('records that wait now'),
  held: z.int().nonnegative().describe('records in quarantine now'),
  targets: z
    .array(z.strictObject({ target: z.string(), applied: z.boolean() }))
    .describe('other warehouses, and whether they have it'),
});
export type RequestState = z.output<typeof requestState>;
