import { describe, expect, test } from '@jest/globals';
import { loadAcme, problemsOf } from './partner-files.ts';

const acme = (webhook: object, orders: object = {}): string =>
  JSON.stringify({
    name: 'acme',
    baseUrl: 'https://api.acme.example',
    streams: {
      orders: {
        path: '/orders',
        primaryKey: ['id'],
        deletes: { as: 'soft' },
        schema: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } },
        ...orders,
      },
      lines: {
        path: '/lines',
        primaryKey: ['order', 'no'],
        schema: {
          type: 'object',
          required: ['order', 'no'],
          properties: { order: { type: 'string' }, no: { type: 'integer' } },
        },
      },
      pushed: { push: {}, disposition: 'append', schema: { type: 'object' } },
      log: { path: '/log', disposition: 'append', schema: { type: 'object' } },
      rates: {
        path: '/rates',
        disposition: 'replace',
        primaryKey: ['id'],
        schema: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } },
      },
    },
    webhooks: { events: webhook },
  });
const secrets = [{ value: '${HOOK_SECRET}' }];
const env = { HOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' };
const sync = [{ as: 'sync' }];
const record = { stream: 'orders', as: 'record', record: 'data.object' };
/** Without file and place. */
const said = async (webhook: object, orders: object = {}, more: Record<string, string> = env): Promise<string[]> =>
  (await problemsOf(acme(webhook, orders), more)).map((line) =>
    line.replace(/^acme\.yaml:\d+:\d+ (webhooks\.events[.:] ?)?/, ''),
  );

describe('webhooks', () => {
  test.each<[string, object]>([
    ['a preset', { preset: 'stripe', secrets, routes: [record] }],
    ['a preset of Standard Webhooks', { preset: 'standard', secrets, routes: sync }],
    ['its own signature', { signature: { header: 'X-Sig' }, secrets, routes: [record] }],
    [
      'a signature over an id, a time and the address',
      {
        signature: { header: 'X-Sig', content: '{id}.{timestamp}.{url}.{body}', timestamp: { header: 'X-Time' } },
        id: { header: 'X-Id' },
        url: 'https://hooks.example.com/hooks/acme/events',
        secrets,
        routes: sync,
      },
    ],
    [
      'a hint, an order to sync, a delete and a record by what the events are called',
      {
        preset: 'stripe',
        secrets: [...secrets, { value: 'old', until: '2026-12-01T00:00:00Z' }],
        expect: '1h',
        routes: [
          { when: { values: ['order.gone'] }, stream: 'orders', as: 'delete', record: 'data.object' },
          { when: { values: ['order.*'] }, ...record },
          {
            when: { field: 'data.kind', values: ['line'] },
            stream: 'lines',
            as: 'hint',
            key: ['data.order', 'data.no'],
            fetch: { path: '/orders/{order}/lines/{no}' },
            wait: '5s',
          },
          { stream: 'rates', as: 'sync', wait: '1m' },
        ],
      },
    ],
    [
      'records of a stream without a key, with ids',
      { preset: 'github', secrets, routes: [{ stream: 'log', as: 'record' }] },
    ],
  ])('may have %s', async (_name, webhook) => {
    expect(await said(webhook)).toEqual([]);
  });

  test.each<[object, string]>([
    [{ secrets, routes: sync }, 'expected `preset` or `signature`: unsigned deliveries are not accepted'],
    [
      { preset: 'stripe', signature: { header: 'X' }, secrets, routes: sync },
      'signature: preset: stripe says it already; leave one of the two out',
    ],
    [
      { preset: 'stripes', secrets, routes: sync },
      'preset: expected one of "standard", "svix", "stripe", "github", "shopify", "slack", "hubspot", "zendesk", "xero", found "stripes"; did you mean "stripe"?',
    ],
    [
      { preset: 'hubspot', secrets, routes: sync },
      'url: missing; the address is signed: expected it as the sender has it, such as https://hooks.example.com/hooks/PARTNER/NAME',
    ],
    [
      { preset: 'github', url: 'https://a.example', secrets, routes: sync },
      'url: not used: the address is not signed here; leave it out',
    ],
    [
      { signature: { header: 'X', content: '{timestamp}' }, secrets, routes: sync },
      'signature.content: expected a text with {body}: else the body could be changed, found "{timestamp}"',
    ],
    [
      { signature: { header: 'X', content: '{timestamp}{body}' }, secrets, routes: sync },
      'signature.timestamp: missing; `content` has {timestamp}: expected the header that contains it',
    ],
    [
      { signature: { header: 'X', timestamp: { header: 'T' } }, secrets, routes: sync },
      'signature.timestamp: a time that is not signed proves nothing: put {timestamp} into `content` where the sender signs it, or leave it out',
    ],
    [
      { signature: { header: 'X', content: '{id}{body}' }, id: { path: 'id' }, secrets, routes: sync },
      'id: `content` has {id}: expected the header that contains it, as id: { header: … }',
    ],
    [{ preset: 'github', secrets: [], routes: sync }, 'secrets: expected at least one secret, found a list'],
    [
      {
        preset: 'github',
        secrets: [{ value: 'a', from: '2026-12-02T00:00:00Z', until: '2026-12-01T00:00:00Z' }],
        routes: sync,
      },
      'secrets.0.until: expected a time after `from`; otherwise the secret is never valid',
    ],
    [
      { preset: 'svix', secrets: [{ value: 'whsk_AAAA' }], routes: sync },
      'secrets.0.value: whsk_… is the private key, which only the sender should have; write its public one, whpk_…',
    ],
    [
      { preset: 'standard', secrets: [{ value: 'whpk_AAAA' }], routes: sync },
      'secrets.0.value: expected whpk_ and 32 bytes in base64',
    ],
    [
      { preset: 'standard', secrets: [{ value: 'no base64!' }], routes: sync },
      'secrets.0.value: expected whsec_ and the key in base64',
    ],
    [
      { signature: { header: 'X', secretAs: 'hex' }, secrets: [{ value: 'xyz' }], routes: sync },
      'secrets.0.value: expected the key in hex, as `secretAs` says',
    ],
    [
      { preset: 'github', secrets: [{ value: 'a\n' }], routes: sync },
      'secrets.0.value: expected a secret without spaces or line ends around it',
    ],
    [
      { preset: 'github', secrets, routes: [{ as: 'record' }] },
      'routes.0.stream: missing; as: record needs the stream that is meant',
    ],
    [
      { preset: 'github', secrets, routes: [{ as: 'sync', stream: 'order' }] },
      'routes.0.stream: there is no stream "order"; did you mean "orders"?',
    ],
    [
      { preset: 'github', secrets, routes: [{ ...record, key: 'id', wait: '1s' }] },
      'routes.0.key: not used by as: record; it belongs to as: hint',
    ],
    [
      { signature: { header: 'X' }, secrets, routes: [{ ...record, when: { values: ['a'] } }] },
      'routes.0.when: expected `field` here, or `type` of the webhook: nothing says what an event is called',
    ],
    [
      { preset: 'github', secrets, routes: [{ stream: 'rates', as: 'record' }] },
      'routes.0.stream: rates has disposition: replace, whose listing takes effect as a whole; use as: sync',
    ],
    [
      { preset: 'xero', secrets, routes: [{ stream: 'log', as: 'record' }] },
      'routes.0.stream: log has no primaryKey and these deliveries have no id, so that a repeated one would be a second row; name the `id` of the webhook',
    ],
    [
      { preset: 'github', secrets, routes: [{ stream: 'log', as: 'delete' }] },
      'routes.0.stream: log has no primaryKey, so that no record of it can be named; use as: record',
    ],
    [
      { preset: 'github', secrets, routes: [{ stream: 'lines', as: 'delete' }] },
      'routes.0.stream: stream "lines" must remember what is gone: write deletes: { as: hard } or { as: soft } there',
    ],
    [
      { preset: 'github', secrets, routes: [{ stream: 'pushed', as: 'sync' }] },
      'routes.0.stream: pushed has no path, so that there is nothing to sync; use as: record',
    ],
    [
      {
        preset: 'github',
        secrets,
        routes: [{ stream: 'lines', as: 'hint', key: 'id', fetch: { path: '/lines/{order}' } }],
      },
      "routes.0.key: expected 2 paths, for lines's primaryKey (order, no), found 1",
    ],
    [
      { preset: 'github', secrets, routes: [{ stream: 'orders', as: 'hint', key: 'id' }] },
      'routes.0.fetch: missing; expected how one record of orders is asked for, such as fetch: { path: /orders/{id} }',
    ],
    [
      {
        preset: 'github',
        secrets,
        routes: [{ stream: 'orders', as: 'hint', key: 'id', fetch: { path: '/orders/{no}' } }],
      },
      'routes.0.fetch.path: nothing fills {no} here; a record of orders is named by {id}',
    ],
    [
      { preset: 'github', secrets, routes: [{ as: 'sync' }, record] },
      'routes.1: never reached: the route before it has no `when` and takes everything; move that one to the end',
    ],
    [{ preset: 'github', secrets, routes: sync, tolerance: '0s' }, 'tolerance: expected above 0, found "0s"'],
  ])('refuses %j', async (webhook, problem) => {
    expect((await said(webhook))[0]).toBe(problem);
  });

  test('no message repeats a secret, wherever it comes from', async () => {
    const canary = 'canary-4f1d';
    for (const webhook of [
      { preset: 'standard', secrets: [{ value: `whsk_${canary}` }], routes: sync },
      { preset: 'standard', secrets: [{ value: '${CANARY}' }], routes: sync },
      { preset: 'github', secrets: [{ value: { of: canary } }], routes: sync },
      { preset: 'github', secrets: [canary], routes: sync },
      { preset: 'github', secrets: canary, routes: sync },
      { preset: 'github', secrets: [{ value: canary, from: canary }], routes: sync },
    ]) {
      const problems = await said(webhook, {}, { CANARY: `whsk_${canary}` });
      expect(problems.length).toBeGreaterThan(0);
      expect(problems.join('\n')).not.toContain(canary);
    }
  });

  test('its times are milliseconds, and its defaults are there', async () => {
    const { webhooks } = await loadAcme(acme({ preset: 'github', secrets, routes: sync, expect: '1h' }), env);
    expect(webhooks?.['events']).toMatchObject({
      tolerance: 300_000,
      expect: 3_600_000,
      secrets: [{ value: env.HOOK_SECRET }],
    });
  });
});
