import { describe, expect, test } from '@jest/globals';
import { InvalidInput, explain } from '../../core/errors.ts';
import { acme, loadAcme, problemsOf } from './partner-files.ts';

describe('the environment', () => {
  const env = {
    TOKEN: 'canary-7f3a',
    REGION: 'eu',
    RATE: '2.5',
    ON: 'true',
    EMPTY: '',
    URL: 'https://api.acme.example',
  };

  test('fills in texts wherever they are, with defaults, and leaves escaped ones', async () => {
    const partner = await loadAcme(
      acme({
        top: 'auth: { type: bearer, token: "${TOKEN}" }',
        stream: 'query: { a: "${REGION}-${NONE:-x:-y}", b: "$${REGION}", c: "${EMPTY:-full}", d: "$REGION" }',
      }).replace('https://api.acme.example', '${URL}/v1'),
      env,
    );
    expect(partner.baseUrl).toBe('https://api.acme.example/v1');
    expect(partner.auth).toEqual({ type: 'bearer', token: 'canary-7f3a' });
    expect(partner.streams.orders?.query).toEqual({ a: 'eu-x:-y', b: '${REGION}', c: 'full', d: '$REGION' });
  });

  test('gives numbers and booleans where those are wanted', async () => {
    const partner = await loadAcme(
      acme({ top: 'limits: { rate: "${RATE}", burst: "${BURST:-3}" }', stream: 'conditional: ${ON}' }),
      env,
    );
    expect(partner.limits).toMatchObject({ rate: 2.5, burst: 3 });
    expect(partner.streams.orders?.conditional).toBe(true);
  });

  test('never fills in keys', async () => {
    expect(await problemsOf(acme({ top: '"${REGION}": x' }), env)).toEqual([
      expect.stringContaining('acme.yaml:3:1 ${REGION}: unknown field; known here:'),
    ]);
  });

  test.each([
    [
      '${MISSING}',
      'environment variable MISSING is not set in this process; set it there, or give a default: ${MISSING:-default}',
    ],
    [
      '${EMPTY}',
      'environment variable EMPTY is empty in this process; set it there, or give a default: ${EMPTY:-default}',
    ],
    ['${not a name}', 'expected ${NAME} or ${NAME:-default}; write $${ for a literal ${'],
    ['${TOKEN', 'expected ${NAME} or ${NAME:-default}; write $${ for a literal ${'],
  ])('lacks what %s asks for, and the message says where', async (text, message) => {
    expect(await problemsOf(acme({ top: `auth: { type: bearer, token: "${text}" }` }), env)).toEqual([
      `acme.yaml:3:23 auth.token: ${message}`,
    ]);
  });

  test('that lacks the address is one problem, not also a wrong URL', async () => {
    expect(await problemsOf(acme().replace('https://api.acme.example', '${HOST}/v1'))).toEqual([
      'acme.yaml:2:1 baseUrl: environment variable HOST is not set in this process; set it there, or give a default: ${HOST:-default}',
    ]);
  });

  test.each([
    ['a kind', acme({ top: 'auth: { type: "${TOKEN}" }' })],
    ['a duration', acme({ top: 'timeout: ${TOKEN}' })],
    ['a number', acme({ top: 'limits: { rate: "${TOKEN}" }' })],
    ['a URL', acme().replace('https://api.acme.example', 'x-${TOKEN}')],
    ['a URL with a password', acme().replace('https://', 'https://me:${TOKEN}@')],
    ['a name', acme({ stream: 'table: "${TOKEN}"' })],
    ['the name of the partner', acme().replace('name: acme', 'name: "${TOKEN}"')],
    ['a field', acme({ stream: 'version: ["${TOKEN}"]' })],
    ['a placeholder', acme().replace('/orders', '/orders/{${TOKEN}}')],
    ['a pattern', acme({ stream: 'headers: { a: 5, b: "${TOKEN}" }' })],
    ['a type of a schema', acme().replace('{ type: string }', '{ type: "${TOKEN}" }')],
    ['a format of a schema', acme().replace('date-time', '"${TOKEN}"')],
    ['a field that a schema requires', acme().replace('properties:', 'required: ["${TOKEN}"], properties:')],
  ])('never shows in a message when %s is wrong', async (_what, yaml) => {
    const failure = await loadAcme(yaml, env).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InvalidInput);
    expect(`${explain(failure)} ${String((failure as Error).stack)}`).not.toContain('canary');
  });

  test('is not needed for a secret to stay unseen: a literal one is not shown either', async () => {
    const messages = await Promise.all([
      problemsOf(acme({ top: 'auth: { type: bearer, token: [canary-1] }' })),
      problemsOf(acme({ top: 'auth: canary-2' })),
      problemsOf(acme({ top: 'auth: { type: hmac, secret: 8812345, header: x }' })),
      problemsOf(acme({ top: 'auth: { type: bearer, token: *canary-3 }' })),
      problemsOf(acme({ top: 'auth: { type: bearer, token: !canary-4 x }' })),
      problemsOf(acme({ top: 'auth: { type: bearer, token: "canary-5 }' })),
    ]);
    expect(messages.every((each) => each.length > 0)).toBe(true);
    expect(messages.flat().join('\n')).not.toMatch(/canary|8812345/);
  });
});
