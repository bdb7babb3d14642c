import { z } from 'zod';
import { durationMs } from './duration-text.ts';
import { fetchNeed } from './fetch-need.ts';
import { means } from './means.ts';

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

/** One of a delivery's values. */
const place = z.union([
  z.strictObject({ header: headerName.describe('name of the header that has it') }),
  z.strictObject({ path: means("path in the delivery's JSON", z.string()) }),
]);
export type WebhookPlace = z.output<typeof place>;

/** How deliveries are signed, where no preset says it. */
export const signature = z.strictObject({
  header: headerName.describe('header with the signature'),
  algorithm: means('hash of the HMAC', z.enum(['sha256', 'sha512', 'sha1']).default('sha256')),
  encoding: means('how the signature is written', z.enum(['hex', 'base64', 'base64url']).default('hex')),
  prefix: means('text before the signature in that header, such as `sha256=`', z.string().default('')),
  // The body is its exact bytes.
  content: means(
    'what is signed: `{body}`, and `{timestamp}`, `{id}`, `{method}`, `{url}` if the partner signs them',
    z
      .string()
      .refine((template) => template.includes('{body}'), 'a text with {body}: else the body could be changed')
      .default('{body}'),
  ),
  timestamp: means(
    'where the time of signing is; deliveries that are too old or too new are refused',
    z
      .strictObject({
        header: headerName.describe('header with the time of signing; `content` must include it'),
        format: means('how the time is written', z.enum(['seconds', 'milliseconds', 'iso']).default('seconds')),
      })
      .optional(),
  ),
  secretAs: means(
    'whether the secret is the key itself (`text`), or the key in base64 or hex',
    z.enum(['text', 'base64', 'hex']).default('text'),
  ),
});
export type WebhookSignature = z.output<typeof signature>;

const secret = z.strictObject({
  value: text.describe('the secret, from the environment: `${NAME}`'),
  from: means('the secret is valid from this time on; always if absent', z.iso.datetime({ offset: true }).optional()),
  until: means('the secret is valid until this time; for ever if absent', z.iso.datetime({ offset: true }).optional()),
});
export type WebhookSecret = z.output<typeof secret>;

const route = z.strictObject({
  when: means(
    'only events that have one of these values; every event if absent',
    z
      .strictObject({
        field: means("path of the value to compare; the event's type if absent", z.string().optional()),
        values: means(
          'values of which the event has one; `invoice.*` stands for all that begin with `invoice.`',
          z.array(text).min(1),
        ),
      })
      .optional(),
  ),
  stream: means(
    'the stream that the event is for; may be left out with `as: sync`, which then syncs all',
    text.optional(),
  ),
  as: means(
    'what the event is: a record, a delete, a hint to fetch a record, or a reason to sync soon',
    z.enum(['record', 'delete', 'hint', 'sync']),
  ),
  record: means(
    'for `record` and `delete`: path of the record, or of an array of them; the event itself if absent',
    z.string().optional(),
  ),
  key: means(
    'for `hint`: path of the value that identifies the record; a list, in its order, for a key of several fields',
    z.union([text, z.array(text).min(1)]).optional(),
  ),
  fetch: means('for `hint`: how the partner is asked for the record', fetchNeed.optional()),
  wait: means(
    'for `hint` and `sync`: wait this long and combine what comes meanwhile; 1s for `hint`, 5s for `sync` if absent',
    durationMs.optional(),
  ),
});
export type WebhookRoute = z.output<typeof route>;

export const webhook = z.strictObject({
  preset: means('how the partner signs, by the name of the vendor; or use `signature`', z.enum(presetNames).optional()),
  signature: means('instead of `preset`: how the partner signs', signature.optional()),
  secrets: means(
    'secrets that deliveries may be signed with: several while a new one replaces an old one',
    z.array(secret).min(1, 'at least one secret'),
  ),
  tolerance: means(
    "how far the sender's clock may differ from ours, in both directions",
    durationMs.refine((ms) => ms > 0, 'above 0').default(300_000),
  ),
  url: means(
    'the address as entered at the partner, if it is part of what is signed (HubSpot)',
    z.url({ protocol: /^https?$/, error: 'an http(s) URL' }).optional(),
  ),
  id: means(
    'where the id of a delivery is, which stays the same when it is repeated; as the preset says if absent',
    place.optional(),
  ),
  type: means('where the name of the event is; as the preset says if absent', place.optional()),
  each: means(
    'path of an array, each element of which is an event of its own; as the preset says if absent',
    z.string().optional(),
  ),
  routes: means(
    'what becomes of events: the first entry that matches decides; others are only counted',
    z.array(route).min(1),
  ),
  expect: means(
    'an alert is raised if nothing comes for this long; learnt from past gaps if absent',
    durationMs.refine((ms) => ms > 0, 'above 0').optional(),
  ),
});
export type Webhook = z.output<typeof webhook>;

export const webhooks = z.record(
  z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, 'a lower-case name of letters, digits and _, up to 40'),
  webhook,
);
export type Webhooks = z.output<typeof webhooks>;

export const keysOf = ({ key }: Pick<WebhookRoute, 'key'>): readonly string[] =>
  key === undefined ? [] : typeof key === 'string' ? [key] : key;
