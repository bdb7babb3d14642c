import { createHmac, generateKeyPairSync, sign as signWith } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { Stripe } from 'stripe';
import { presetNames, webhook } from '../../../definitions/webhooks.ts';
import { presetOf, presets } from '../../../ingest/webhooks/presets.ts';
import { sign } from '../../../ingest/webhooks/sign.ts';
import { verify, type Delivery, type DeliveryHeaders } from '../../../ingest/webhooks/verify.ts';
import { long } from '../../support/long.ts';
import {
  delivered,
  MINUTES,
  nowMs,
  nowSecs,
  otherWhsec,
  senders,
  standardHeaders,
  text,
  url,
  whsec,
} from '../support/signed-deliveries.ts';

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

const signatures = (value: string) =>
  verify(presets.standard, delivered({ ...standardHeaders(text, nowMs, whsec), 'webhook-signature': value }, whsec));
const header = (secret: string, at = nowSecs) =>
  Stripe.webhooks.generateTestHeaderString({ payload: text, secret, timestamp: at });

describe('several signatures in one header', () => {
  const [mine, other] = [whsec, otherWhsec].map(
    (secret) => standardHeaders(text, nowMs, secret)['webhook-signature'],
  ) as [string, string];

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
