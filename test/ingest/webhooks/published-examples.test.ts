import { describe, expect, test } from '@jest/globals';
import { presets } from '../../../ingest/webhooks/presets.ts';
import { verify } from '../../../ingest/webhooks/verify.ts';
import { delivered, hmac, nowMs, text } from '../support/signed-deliveries.ts';

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
