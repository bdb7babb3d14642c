import type { Header, Ref } from './openapi.ts';

const text = (description: string, example: string, more: Partial<Header> = {}): Header => ({
  description,
  schema: { type: 'string' },
  example,
  ...more,
});

/** Every header that an answer can have, but those that only tell browsers what not to do. */
export const headers = {
  'X-Request-Id': text(
    'Of this request; in the problem of an answer, and in the log.',
    '7d3f8c52-3b1e-4c5e-9d1a-0f6f5f0f9b1c',
    {
      required: true,
      schema: { type: 'string', format: 'uuid' },
    },
  ),
  Location: text(
    'Where the state of the request can be asked for.',
    '/v1/ingest/7d3f8c52-3b1e-4c5e-9d1a-0f6f5f0f9b1c',
    {
      required: true,
      schema: { type: 'string', format: 'uri-reference' },
    },
  ),
  'Idempotent-Replayed': text('`true`: the request came before, and this is the answer that it got then.', 'true', {
    schema: { type: 'string', const: 'true' },
  }),
  ETag: text('The version of the state, for If-None-Match.', '"v1"', { required: true }),
  'Retry-After': {
    description: 'Whole seconds to wait before the request is sent again (RFC 9110).',
    schema: { type: 'integer', minimum: 0 },
    example: 2,
  },
  RateLimit: text(
    'What is left (`r`) and for how many seconds (`t`): draft-ietf-httpapi-ratelimit-headers.',
    '"rate";r=40;t=1, "daily";r=99012;t=43200',
  ),
  'RateLimit-Policy': text(
    'The limits of the caller: `q` units in `w` seconds.',
    '"rate";q=50;w=1, "daily";q=100000;w=86400',
  ),
  'X-RateLimit-Limit': text('Of the limit that stands in the way first, for older clients.', '50'),
  'X-RateLimit-Remaining': text('What is left of it.', '40'),
  'X-RateLimit-Reset': text('Seconds until there is more of it.', '1'),
  'X-RateLimit-Warning': text(
    'From 80 % of the quota of a day on: the share that is used, in percent (`u`).',
    '"daily";u=81;r=19000;t=43200',
  ),
  Deprecation: text('Since when this version should not be used any more (RFC 9745).', '@1798761600'),
  Sunset: text('When this version ends (RFC 8594).', 'Thu, 01 Jul 2027 00:00:00 GMT'),
  Link: text(
    'With Deprecation and Sunset: the page that says what to change.',
    '<https://push.example.com/docs/versions#v1>; rel="deprecation"; type="text/html"',
  ),
  Allow: text('The methods of the path.', 'POST', { required: true }),
  'WWW-Authenticate': text('How to authenticate (RFC 9110).', 'Bearer'),
  'Accept-Encoding': text('The codings of a body that are read.', 'gzip'),
} as const satisfies Readonly<Record<string, Header>>;
export type HeaderName = keyof typeof headers;

export const headersOf = (...names: readonly HeaderName[]): Readonly<Record<string, Ref>> =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

/** Of every answer to a caller. */
export const ofCallers: readonly HeaderName[] = [
  'X-Request-Id',
  'RateLimit',
  'RateLimit-Policy',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'X-RateLimit-Warning',
  'Deprecation',
  'Sunset',
  'Link',
];
