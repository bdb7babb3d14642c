import { z } from 'zod';
import { durationMs } from './duration-text.ts';
import { fetchNeed } from './fetch-need.ts';

/** What a partner sends by itself, and what becomes of it: docs/webhooks.md. */

const text = z.string().min(1);
/** HTTP field names: RFC 9110 §5.1. */
const headerName = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, 'the name of a header');

export const presetNames = [
  'standard',
  'svix',
  'stripe',
  'github',
  'shopify',
  'slack',
  'hubspot',
  'zendesk',
  'xero',
] as const;
export type PresetName = (typeof presetNames)[number];

/** One of a delivery's values: a header, or a path of its JSON. */
const place = z.union([z.strictObject({ header: headerName }), z.strictObject({ path: z.string() })]);
export type WebhookPlace = z.output<typeof place>;

/** A time that the sender says in a header; whatever is older or newer than `tolerance` is refused. */
const timestamp = z.strictObject({
  header: headerName,
  format: z.enum(['seconds', 'milliseconds', 'iso']).default('seconds'),
});

/** How deliveries are signed, where no preset says it. */
export const signature = z.strictObject({
  header: headerName,
  algorithm: z.enum(['sha256', 'sha512', 'sha1']).default('sha256'),
  encoding: z.enum(['hex', 'base64', 'base64url']).default('hex'),
  /** Text before the signature in that header, such as `sha256=`. */
  prefix: z.string().default(''),
  /** What is signed; {id} {timestamp} {method} {url} {body} are replaced. The body is its exact bytes. */
  content: z
    .string()
    .refine((template) => template.includes('{body}'), 'a text with {body}: else the body could be changed')
    .default('{body}'),
  timestamp: timestamp.optional(),
  /** Whether the secret is the key itself, or the key in base64 or hex. */
  secretAs: z.enum(['text', 'base64', 'hex']).default('text'),
});
export type WebhookSignature = z.output<typeof signature>;

const secret = z.strictObject({
  value: text,
  /** Before and after these it opens nothing. */
  from: z.iso.datetime({ offset: true }).optional(),
  until: z.iso.datetime({ offset: true }).optional(),
});
export type WebhookSecret = z.output<typeof secret>;

const route = z.strictObject({
  /** Only deliveries that have one of these values there; `invoice.*` stands for all that begin with `invoice.`. */
  when: z
    .strictObject({
      /** The event's type, as `type` of the webhook says it, if absent. */
      field: z.string().optional(),
      values: z.array(text).min(1),
    })
    .optional(),
  /** Left out only where a sync of all streams is meant. */
  stream: text.optional(),
  /**
   * `record`: a part of the payload is the record. `delete`: a record with that key is gone. `hint`: the record is fetched by its key.
   * `sync`: the stream is synced soon.
   */
  as: z.enum(['record', 'delete', 'hint', 'sync']),
  /** Of `record` and `delete`: path of the record, or of an array of them; the event itself if absent. */
  record: z.string().optional(),
  /** Of `hint`: paths of the values that name the record, one for each field of its key. */
  key: z.union([text, z.array(text).min(1)]).optional(),
  /** Of `hint`: how the record is asked for by them; its placeholders are the fields of the stream's key. */
  fetch: fetchNeed.optional(),
  /** Of `hint` and `sync`: so much time passes before, and what comes meanwhile is joined. */
  wait: durationMs.optional(),
});
export type WebhookRoute = z.output<typeof route>;

export const webhook = z.strictObject({
  preset: z.enum(presetNames).optional(),
  /** Instead of a preset. */
  signature: signature.optional(),
  secrets: z.array(secret).min(1, 'at least one secret'),
  /** How far the sender's time may be from ours, both ways. */
  tolerance: durationMs.refine((ms) => ms > 0, 'above 0').default(300_000),
  /** The address as the sender knows it, where that is signed: HubSpot. */
  url: z.url({ protocol: /^https?$/, error: 'an http(s) URL' }).optional(),
  /** What stays the same when a delivery is repeated; as the preset says it if absent. */
  id: place.optional(),
  /** What the event is called; as the preset says it if absent. */
  type: place.optional(),
  /** Path of an array: each of its elements is an event of its own. */
  each: z.string().optional(),
  /** The first that fits says what becomes of an event. One that none fits is counted and otherwise ignored. */
  routes: z.array(route).min(1),
  /** No delivery for so long is an alert; learnt from past gaps if absent. */
  expect: durationMs.refine((ms) => ms > 0, 'above 0').optional(),
});
export type Webhook = z.output<typeof webhook>;

export const webhooks = z.record(
  z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, 'a lower-case name of letters, digits and _, up to 40'),
  webhook,
);
export type Webhooks = z.output<typeof webhooks>;

export const keysOf = ({ key }: Pick<WebhookRoute, 'key'>): readonly string[] =>
  key === undefined ? [] : typeof key === 'string' ? [key] : key;
