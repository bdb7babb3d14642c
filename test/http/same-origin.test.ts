import { expect, test } from '@jest/globals';
import { onSameOrigin } from '../../core/same-origin.ts';
import { followRedirect } from '../../http/follow-redirect.ts';

const secure = 'https://api.acme.example/v2/orders?page=1';

test.each([
  ['/v2/orders?page=2', secure, 'https://api.acme.example/v2/orders?page=2'],
  ['?page=2', secure, 'https://api.acme.example/v2/orders?page=2'],
  ['http://api.acme.example/v2/orders?page=2', secure, 'https://api.acme.example/v2/orders?page=2'],
  ['http://api.acme.example:80/v2', secure, 'https://api.acme.example/v2'],
  ['https://api.acme.example:443/v2', secure, 'https://api.acme.example/v2'],
  ['HTTP://API.ACME.EXAMPLE/v2', secure, 'https://api.acme.example/v2'],
  ['//api.acme.example/v2', secure, 'https://api.acme.example/v2'],
  ['https://me:secret@api.acme.example/v2#part', secure, 'https://api.acme.example/v2'],
  ['http://api.acme.example:8443/v2', 'https://api.acme.example:8443/v1', 'https://api.acme.example:8443/v2'],
  ['http://api.acme.example:80/v2', 'http://api.acme.example/v1', 'http://api.acme.example/v2'],
])('%s, named by %s, leads to %s', (link, asked, expected) => {
  expect(onSameOrigin(new URL(link, asked), new URL(asked))?.href).toBe(expected);
});

test.each([
  ['https://evil.example/v2', secure],
  ['//evil.example/v2', secure],
  [String.raw`\\evil.example\v2`, secure],
  ['https://api.acme.example@evil.example/v2', secure],
  ['https://api.acme.example.evil.example/v2', secure],
  ['https://api.acme.example:8443/v2', secure],
  ['http://api.acme.example:8080/v2', secure],
  // Credentials that go by http are sent by http; where the partner wants https, baseUrl has to say so.
  ['https://api.acme.example/v2', 'http://api.acme.example/v1'],
  ['ftp://api.acme.example/v2', secure],
  ['mailto:me@api.acme.example', secure],
  ['data:application/json,[]', secure],
])('%s, named by %s, leads nowhere', (link, asked) => {
  expect(onSameOrigin(new URL(link, asked), new URL(asked))).toBeUndefined();
});

const request = { method: 'GET', url: secure, headers: { 'x-tenant': 't' }, body: undefined } as const;

test.each([301, 302, 303, 307, 308])('a GET follows a %i on the same origin, with its headers', (status) => {
  expect(followRedirect(request, { status, headers: { location: '/v3/orders?page=1' } })).toEqual({
    ...request,
    url: 'https://api.acme.example/v3/orders?page=1',
  });
});

test.each([
  ['another host', request, 302, { location: 'https://evil.example/' }],
  ['a POST', { ...request, method: 'POST' }, 307, { location: '/v3/orders' }],
  ['a 300', request, 300, { location: '/v3/orders' }],
  ['a 304', request, 304, { location: '/v3/orders' }],
  ['no Location', request, 302, {}],
  ['a Location that is none', request, 302, { location: 'https://[' }],
] as const)('%s is not followed', (_, asked, status, headers) => {
  expect(followRedirect(asked, { status, headers })).toBeUndefined();
});
