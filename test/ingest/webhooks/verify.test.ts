import { createHmac, generateKeyPairSync, sign as signWith } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { sign as signAsGitHub } from '@octokit/webhooks-methods';
import * as fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { Stripe } from 'stripe';
import { Webhook as SvixWebhook } from 'svix';
import { presetNames, webhook } from '../../../definitions/webhooks.ts';
import type { Preset } from '../../../ingest/webhooks/preset.ts';
import { presetOf, presets } from '../../../ingest/webhooks/presets.ts';
import { sign } from '../../../ingest/webhooks/sign.ts';
import { verify, type Delivery, type DeliveryHeaders } from '../../../ingest/webhooks/verify.ts';
import { long } from '../../support/long.ts';

const nowMs = Date.parse('2026-11-30T10:00:00Z');
const nowSecs = nowMs / 1000;
const MINUTES = 60_000;
const text = '{"id":"evt_1","type":"invoice.paid","amount": 12.50,"name":"Zoë €"}';
const url = 'https://hooks.example.com/hooks/acme/events';
const whsec = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

const delivered = (headers: DeliveryHeaders, secret: string, more: Partial<Delivery> = {}): Delivery => ({
  secrets: [{ value: secret }],
  toleranceMs: 5 * MINUTES,
  headers,
  body: Buffer.from(text),
  method: 'POST',
  url,
  nowMs,
  ...more,
});

interface Sender {
  readonly preset: Preset;
  readonly secret: string;
  /** Made by the sender's own package where there is one. */
  readonly headers: (payload: string, atMs: number, secret: string) => Promise<Record<string, string>>;
  readonly otherSecret: string;
}

const standardHeaders = (payload: string, atMs: number, secret: string) => ({
  'webhook-id': 'msg_1',
  'webhook-timestamp': String(atMs / 1000),
  'webhook-signature': new Webhook(secret).sign('msg_1', new Date(atMs), payload),
});
const hmac = (secret: string, content: string) => createHmac('sha256', secret).update(content).digest('base64');
const otherWhsec = `whsec_${Buffer.alloc(32, 8).toString('base64')}`;

const senders: Readonly<Record<string, Sender>> = {
  'standardwebhooks (npm)': {
    preset: presets.standard,
    secret: whsec,
    otherSecret: otherWhsec,
    headers: async (payload, atMs, secret) => standardHeaders(payload, atMs, secret),
  },
  'svix (npm)': {
    preset: presets.svix,
    secret: whsec,
    otherSecret: otherWhsec,
    headers: async (payload, atMs, secret) => ({
      'svix-id': 'msg_1',
      'svix-timestamp': String(atMs / 1000),
      'svix-signature': new SvixWebhook(secret).sign('msg_1', new Date(atMs), payload),
    }),
  },
  'stripe (npm)': {
    preset: presets.stripe,
    secret: 'whsec_test_secret',
    otherSecret: 'whsec_other',
    headers: async (payload, atMs, secret) => ({
      'stripe-signature': Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp: atMs / 1000 }),
    }),
  },
  '@octokit/webhooks-methods (npm)': {
    preset: presets.github,
    secret: "It's a Secret",
    otherSecret: 'another',
    headers: async (payload, _atMs, secret) => ({
      'x-hub-signature-256': await signAsGitHub(secret, payload),
      'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
    }),
  },
  Shopify: {
    preset: presets.shopify,
    secret: 'hush',
    otherSecret: 'other',
    headers: async (payload, _atMs, secret) => ({ 'x-shopify-hmac-sha256': hmac(secret, payload) }),
  },
  Slack: {
    preset: presets.slack,
    secret: '8f742231b10e8888abcd99yyyzzz85a5',
    otherSecret: 'other',
    headers: async (payload, atMs, secret) => ({
      'x-slack-request-timestamp': String(atMs / 1000),
      'x-slack-signature': `v0=${Buffer.from(hmac(secret, `v0:${atMs / 1000}:${payload}`), 'base64').toString('hex')}`,
    }),
  },
  HubSpot: {
    preset: presets.hubspot,
    secret: 'client-secret',
    otherSecret: 'other',
    headers: async (payload, atMs, secret) => ({
      'x-hubspot-request-timestamp': String(atMs),
      'x-hubspot-signature-v3': hmac(secret, `POST${url}${payload}${atMs}`),
    }),
  },
  Zendesk: {
    preset: presets.zendesk,
    secret: 'zd',
    otherSecret: 'other',
    headers: async (payload, atMs, secret) => {
      const at = new Date(atMs).toISOString().replace('.000', '');
      return {
        'x-zendesk-webhook-signature-timestamp': at,
        'x-zendesk-webhook-signature': hmac(secret, at + payload),
      };
    },
  },
  Xero: {
    preset: presets.xero,
    secret: 'a2V5',
    otherSecret: 'other',
    headers: async (payload, _atMs, secret) => ({ 'x-xero-signature': hmac(secret, payload) }),
  },
};
const named = Object.entries(senders);
const timed = named.filter(([, { preset }]) => preset.timestamp !== undefined);

test.each(named.filter(([, { preset }]) => preset.written.as !== 'list'))(
  '%s: what a proxy makes of two headers is refused',
  async (_name, { preset, secret, headers }) => {
    const signed = await headers(text, nowMs, secret);
    const name = preset.headers[0]?.signature as string;
    const twice = `${signed[name]}, ${signed[name]}`;
    expect(verify(preset, delivered({ ...signed, [name]: twice }, secret)).ok).toBe(false);
  },
);

test('there is a sender for each preset', () => {
  expect(named.map(([, { preset }]) => preset)).toEqual(presetNames.map((name) => presets[name]));
});

describe.each(named)('%s', (_name, { preset, secret, otherSecret, headers }) => {
  test('a delivery is accepted, and one with another byte, secret or encoding is not', async () => {
    const signed = await headers(text, nowMs, secret);
    const body = Buffer.from(text);
    const of = (changed: Partial<Delivery>) => verify(preset, delivered(signed, secret, changed));
    expect(of({})).toMatchObject({ ok: true });
    const bad = { ok: false, reason: 'the signature fits no secret' };
    const flipped = Buffer.from(body);
    flipped[10] = (flipped[10] as number) ^ 1;
    expect(of({ body: flipped })).toEqual(bad);
    expect(of({ body: body.subarray(0, -1) })).toEqual(bad);
    expect(of({ body: Buffer.alloc(0) })).toEqual(bad);
    expect(of({ body: Buffer.concat([body, Buffer.from('\n')]) })).toEqual(bad);
    // The same JSON, written again by somebody in between.
    expect(of({ body: Buffer.from(JSON.stringify(JSON.parse(text))) })).toEqual(bad);
    expect(of({ body: Buffer.from(text, 'utf16le') })).toEqual(bad);
    expect(of({ body: Buffer.from(text, 'latin1') })).toEqual(bad);
    expect(of({ secrets: [{ value: otherSecret }] })).toEqual(bad);
    expect(verify(preset, delivered(await headers(text, nowMs, otherSecret), secret))).toEqual(bad);
  });

  test('a signature that is cut, longer, of another alphabet or not there is refused', async () => {
    const signed = await headers(text, nowMs, secret);
    const name = preset.headers[0]?.signature as string;
    const whole = signed[name] as string;
    const as = (value: string | readonly string[] | undefined) =>
      verify(preset, delivered({ ...signed, [name]: value }, secret));
    expect(as(whole).ok).toBe(true);
    for (const wrong of [
      whole.slice(0, -1),
      whole.slice(0, -4),
      `${whole}00`,
      ` ${whole}x`,
      whole.replace(/.$/, '!'),
      whole.replaceAll(/[A-Za-z0-9]/g, 'é'),
      'null',
      '=',
      ',',
      't=',
      'v1,',
      'v1a,AAAA',
      '__proto__',
    ])
      expect([wrong, as(wrong).ok]).toEqual([wrong, false]);
    expect(as(undefined)).toEqual({ ok: false, reason: 'a header is missing' });
    expect(as('')).toEqual({ ok: false, reason: 'a header is missing' });
    expect(as([whole, whole])).toEqual({ ok: false, reason: 'a header came twice' });
    expect(as([])).toEqual({ ok: false, reason: 'a header is missing' });
    expect(verify(preset, delivered({}, secret))).toEqual({ ok: false, reason: 'a header is missing' });
  });

  test('all secrets that are valid now open it, and none before or after its time', async () => {
    const signed = await headers(text, nowMs, secret);
    const of = (secrets: Delivery['secrets']) => verify(preset, delivered(signed, secret, { secrets }));
    expect(of([{ value: otherSecret }, { value: secret }]).ok).toBe(true);
    expect(of([{ value: secret }, { value: otherSecret }]).ok).toBe(true);
    expect(of([{ value: secret, from: '2026-11-30T10:00:00Z', until: '2026-11-30T10:00:01Z' }]).ok).toBe(true);
    expect(of([{ value: secret, until: '2026-11-30T10:00:00Z' }])).toEqual({
      ok: false,
      reason: 'no secret is valid now',
    });
    expect(of([{ value: secret, from: '2026-11-30T12:00:01+02:00' }]).ok).toBe(false);
    expect(of([{ value: otherSecret }, { value: secret, until: '2026-11-29T00:00:00Z' }])).toEqual({
      ok: false,
      reason: 'the signature fits no secret',
    });
    expect(of([]).ok).toBe(false);
  });

  test('what `webhooks test` signs is accepted like the sender’s own', () => {
    const headers = sign(preset, { secret, id: 'test_1', url, body: Buffer.from(text), nowMs });
    expect(verify(preset, delivered(headers, secret)).ok).toBe(true);
  });
});

test.each(timed)('%s: a time is taken up to the tolerance, in the past and in the future', async (_name, of) => {
  const at = async (atMs: number) =>
    verify(of.preset, delivered(await of.headers(text, atMs, of.secret), of.secret, { toleranceMs: 5 * MINUTES }));
  expect(await at(nowMs - 5 * MINUTES)).toMatchObject({ ok: true, atMs: nowMs - 5 * MINUTES });
  expect(await at(nowMs + 5 * MINUTES)).toMatchObject({ ok: true });
  expect(await at(nowMs - 5 * MINUTES - 1000)).toEqual({ ok: false, reason: 'the time is too old' });
  expect(await at(nowMs + 5 * MINUTES + 1000)).toEqual({ ok: false, reason: 'the time is too far ahead' });
  const signed = await of.headers(text, nowMs - 60 * MINUTES, of.secret);
  const fresh = await of.headers(text, nowMs, of.secret);
  const name = of.preset.headers[0]?.timestamp;
  // An old delivery with a new time is not what was signed.
  const renewed =
    name === undefined
      ? {
          'stripe-signature': `${fresh['stripe-signature']?.split(',')[0]},${signed['stripe-signature']?.split(',')[1]}`,
        }
      : { ...signed, [name]: fresh[name] };
  expect(verify(of.preset, delivered(renewed, of.secret))).toEqual({
    ok: false,
    reason: 'the signature fits no secret',
  });
});

test.each(['1e9', ' 1', '0x10', '-1', '1.5', '٣', '', '99999999999999999999', 'NaN', 'now', '00001'])(
  'the time %j is none',
  (written) => {
    const signed = { ...standardHeaders(text, nowMs, whsec), 'webhook-timestamp': written };
    expect(verify(presets.standard, delivered(signed, whsec)).ok).toBe(false);
    const content = `v0:${written}:${text}`;
    const slack = {
      'x-slack-request-timestamp': written,
      'x-slack-signature': `v0=${createHmac('sha256', 's').update(content).digest('hex')}`,
    };
    expect(verify(presets.slack, delivered(slack, 's')).ok).toBe(false);
  },
);

const isStripes = (value: string) => verify(presets.stripe, delivered({ 'stripe-signature': value }, 'whsec_a')).ok;

describe('several signatures in one header', () => {
  const [mine, other] = [whsec, otherWhsec].map(
    (secret) => standardHeaders(text, nowMs, secret)['webhook-signature'],
  ) as [string, string];
  const signatures = (value: string) =>
    verify(presets.standard, delivered({ ...standardHeaders(text, nowMs, whsec), 'webhook-signature': value }, whsec));

  test('one that fits is enough, wherever it stands', () => {
    expect(signatures(`${other} ${mine}`).ok).toBe(true);
    expect(signatures(`${mine} ${other}`).ok).toBe(true);
    expect(signatures(`v2,new v1a,${'A'.repeat(86)}== ${mine}`).ok).toBe(true);
    expect(signatures(`${other} ${other}`).ok).toBe(false);
    // A signature under the name of another version proves nothing.
    expect(signatures(mine.replace('v1,', 'v2,')).ok).toBe(false);
    expect(signatures(mine.replace('v1,', 'v1a,')).ok).toBe(false);
  });

  test('a header with very many is refused before any is looked at', () => {
    expect(signatures(`${Array.from({ length: 15 }, () => other).join(' ')} ${mine}`).ok).toBe(true);
    expect(signatures(`${Array.from({ length: 16 }, () => other).join(' ')} ${mine}`).ok).toBe(false);
  });

  test('Stripe: v1 more than once while a secret is changed; v0 opens nothing; two times are refused', () => {
    const header = (secret: string, at = nowSecs) =>
      Stripe.webhooks.generateTestHeaderString({ payload: text, secret, timestamp: at });
    const [t, v1] = header('whsec_a').split(',') as [string, string];
    const [, v1Other] = header('whsec_b').split(',') as [string, string];
    expect(isStripes(`${t},${v1Other},${v1}`)).toBe(true);
    expect(isStripes(`${t},${v1},v0=${'0'.repeat(64)}`)).toBe(true);
    expect(isStripes(`${t},${v1.replace('v1=', 'v0=')}`)).toBe(false);
    expect(isStripes(`${t},t=${nowSecs + 1},${v1}`)).toBe(false);
    expect(isStripes(v1)).toBe(false);
    expect(isStripes(t)).toBe(false);
  });
});

test('an id with a dot is refused: it could be cut in another place and sign the same bytes', () => {
  const secret = whsec;
  const at = String(nowSecs);
  const signed = new Webhook(secret).sign('msg', new Date(nowMs), `${at}.{"amount":1}`);
  const cut = { 'webhook-id': `msg.${at}`, 'webhook-timestamp': at, 'webhook-signature': signed };
  expect(verify(presets.standard, delivered(cut, secret, { body: Buffer.from('{"amount":1}') }))).toEqual({
    ok: false,
    reason: 'a header cannot be read',
  });
});

describe('v1a', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const whpk = `whpk_${raw.toString('base64')}`;
  const signed = (payload: string) => ({
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(nowSecs),
    'webhook-signature': `v1a,${signWith(null, Buffer.from(`msg_1.${nowSecs}.${payload}`), privateKey).toString('base64')}`,
  });

  test('a signature of Ed25519 is opened by the public key, beside an HMAC or alone', () => {
    expect(verify(presets.standard, delivered(signed(text), whpk))).toEqual({ ok: true, id: 'msg_1', atMs: nowMs });
    expect(verify(presets.standard, delivered(signed(`${text} `), whpk)).ok).toBe(false);
    const both = `${standardHeaders(text, nowMs, otherWhsec)['webhook-signature']} ${signed(text)['webhook-signature']}`;
    expect(verify(presets.standard, delivered({ ...signed(text), 'webhook-signature': both }, whpk)).ok).toBe(true);
  });

  test('the public key is no secret: an HMAC made with it opens nothing', () => {
    const forged = createHmac('sha256', raw).update(`msg_1.${nowSecs}.${text}`).digest('base64');
    for (const version of ['v1', 'v1a'])
      expect(
        verify(presets.standard, delivered({ ...signed(text), 'webhook-signature': `${version},${forged}` }, whpk)).ok,
      ).toBe(false);
    expect(() => sign(presets.standard, { secret: whpk, id: 'x', url, body: Buffer.from(''), nowMs })).toThrow(
      /only the sender can sign/,
    );
  });
});

describe('published examples', () => {
  test('Svix: https://docs.svix.com/receiving/verifying-payloads/how', () => {
    const headers = {
      'svix-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'svix-timestamp': '1614265330',
      'svix-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    };
    const of = delivered(headers, 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', {
      body: Buffer.from('{"test": 2432232314}'),
      nowMs: 1_614_265_330_000,
    });
    expect(verify(presets.svix, of)).toEqual({
      ok: true,
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      atMs: 1_614_265_330_000,
    });
    // Its larger customers may have its headers called as the standard calls them.
    const unbranded = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.replace('svix', 'webhook'), value]),
    );
    expect(verify(presets.svix, { ...of, headers: unbranded }).ok).toBe(true);
    expect(verify(presets.standard, { ...of, headers: unbranded }).ok).toBe(true);
    expect(verify(presets.standard, of).ok).toBe(false);
  });

  test('GitHub: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries', () => {
    const headers = {
      'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    };
    expect(
      verify(presets.github, delivered(headers, "It's a Secret to Everybody", { body: Buffer.from('Hello, World!') }))
        .ok,
    ).toBe(true);
  });

  test('Slack: https://docs.slack.dev/authentication/verifying-requests-from-slack', () => {
    const body = Buffer.from(
      'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c',
    );
    const headers = {
      'x-slack-request-timestamp': '1531420618',
      'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
    };
    expect(
      verify(presets.slack, delivered(headers, '8f742231b10e8888abcd99yyyzzz85a5', { body, nowMs: 1_531_420_618_000 })),
    ).toEqual({ ok: true, atMs: 1_531_420_618_000 });
  });

  test('HubSpot: the tests of its own client, https://github.com/HubSpot/hubspot-api-python', () => {
    const headers = {
      'x-hubspot-request-timestamp': '1693657560000',
      'x-hubspot-signature-v3': 'K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y=',
    };
    const of = delivered(headers, 'yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy', {
      body: Buffer.from("{'example_field':'example_value'}"),
      url: 'https://www.example.com/webhook_uri',
      nowMs: 1_693_657_560_000,
    });
    expect(verify(presets.hubspot, of).ok).toBe(true);
    expect(verify(presets.hubspot, { ...of, url: 'http://www.example.com/webhook_uri' }).ok).toBe(false);
    expect(verify(presets.hubspot, { ...of, method: 'PUT' }).ok).toBe(false);
  });

  test('HubSpot signs an address with some characters decoded, and leaves others as they are', () => {
    const at = String(nowMs);
    const written = 'https://hooks.example.com/h%2fx?a=%3A%20%26%2C';
    const signed = hmac('s', `POSThttps://hooks.example.com/h/x?a=:%20%26,${text}${at}`);
    const headers = { 'x-hubspot-request-timestamp': at, 'x-hubspot-signature-v3': signed };
    expect(verify(presets.hubspot, delivered(headers, 's', { url: written })).ok).toBe(true);
  });
});

const ownPreset = (signature: object, id?: object) =>
  presetOf(
    webhook.parse({
      signature,
      secrets: [{ value: 's' }],
      routes: [{ as: 'sync' }],
      ...(id === undefined ? {} : { id }),
    }),
  );

describe('a signature of one’s own', () => {
  test.each(['sha256', 'sha512', 'sha1'] as const)(
    '%s, written in each way, with the key in each form',
    (algorithm) => {
      for (const encoding of ['hex', 'base64', 'base64url'] as const)
        for (const secretAs of ['text', 'base64', 'hex'] as const) {
          const key = Buffer.from('a key of some length');
          const own = ownPreset(
            {
              header: 'X-Signature',
              algorithm,
              encoding,
              prefix: 'sig=',
              secretAs,
              content: '{id}|{timestamp}|{method}|{url}|{body}',
              timestamp: { header: 'X-Time' },
            },
            { header: 'X-Id' },
          );
          const content = `7|${nowSecs}|POST|${url}|${text}`;
          const headers = {
            'x-signature': `sig=${createHmac(algorithm, key).update(content).digest(encoding)}`,
            'x-time': String(nowSecs),
            'x-id': '7',
          };
          const secret = key.toString(secretAs === 'text' ? 'utf8' : secretAs);
          expect(verify(own, delivered(headers, secret))).toEqual({ ok: true, id: '7', atMs: nowMs });
          expect(verify(own, delivered({ ...headers, 'x-id': '8' }, secret)).ok).toBe(false);
          expect(verify(own, delivered({ ...headers, 'x-id': undefined }, secret)).ok).toBe(false);
          expect(verify(own, delivered(headers, secret, { url: `${url}/` })).ok).toBe(false);
        }
    },
  );

  test('bytes that are no UTF-8 are signed as they are', () => {
    const body = Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0x7d]);
    const own = ownPreset({ header: 'X-Signature' });
    const headers = { 'x-signature': createHmac('sha256', 's').update(body).digest('hex') };
    expect(verify(own, delivered(headers, 's', { body })).ok).toBe(true);
    expect(verify(own, delivered(headers, 's', { body: Buffer.from(body.toString('utf8')) })).ok).toBe(false);
  });
});

test('nothing that comes makes it throw, and nothing made up is accepted', () => {
  const names = Object.values(presets).flatMap(({ headers }) => headers.flatMap((set) => Object.values(set)));
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('v1,', 'sha256=', 't=1,v1=', 'v0=', String(nowSecs), String(nowMs), '2026-11-30T10:00:00Z'),
    fc.array(fc.string()),
    fc.constant(undefined),
    fc.constant(null),
    fc.integer(),
    fc.object(),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...presetNames),
      fc.dictionary(fc.constantFrom(...names, '__proto__', 'constructor'), value),
      fc.uint8Array(),
      (name, headers, bytes) => {
        const verified = verify(
          presets[name],
          delivered(headers as DeliveryHeaders, whsec, { body: Buffer.from(bytes) }),
        );
        expect(verified.ok).toBe(false);
      },
    ),
    long ? { numRuns: 100_000 } : { seed: 18, numRuns: 500 },
  );
});
