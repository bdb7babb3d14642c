import { describe, expect, test } from '@jest/globals';
import { KnownSecrets, type KnownSecret } from '../../http/known-secrets.ts';
import { sendCursor } from '../../http/send-cursor.ts';
import { storeCursor } from '../../http/store-cursor.ts';

const TOKEN = 'canary/7f3e+91 "x"';
const HOST = 'https://api.acme.example';

const knowing = (...secrets: readonly (readonly [string, string])[]): readonly KnownSecret[] => {
  const known = new KnownSecrets();
  for (const [name, value] of secrets) known.note(name, value);
  return known.list();
};
const known = knowing(['auth.token', TOKEN], ['env.SHORT', 'k7'], ['env.OTHER', 'other-canary']);
const telling = (secrets: readonly KnownSecret[]) => () => Promise.resolve(secrets);
const url = encodeURIComponent;
const base64 = (text: string): string => Buffer.from(text).toString('base64');

const stored: readonly (readonly [string, string, string])[] = [
  ['a parameter of a link', `${HOST}/ads?a=1&access_token=${url(TOKEN)}&b=2`, 'access_token=${auth.token:url}&b=2'],
  ['one whose name says nothing', `${HOST}/ads?q=${url(TOKEN)}`, '?q=${auth.token:url}'],
  ['the path', `${HOST}/${url(TOKEN)}/ads`, '/${auth.token:url}/ads'],
  ['a link within a link', `${HOST}/ads?go=${url(`/x?t=${url(TOKEN)}`)}`, '${auth.token:url-url}'],
  ['lower-case digits', `${HOST}/ads?q=${url(TOKEN).toLowerCase()}`, '${auth.token:url-lower}'],
  ['a token that is one', TOKEN, '${auth.token}'],
  ['a part of a token', `7:${TOKEN}:8`, '7:${auth.token}:8'],
  ['base64', `v=${base64(TOKEN)}`, '${auth.token:base64}'],
  ['the text of JSON', `{"t":${JSON.stringify(TOKEN)}}`, '{"t":"${auth.token:json}"}'],
  ['a short one that stands alone', `${HOST}/ads?v=k7&n=ak7b`, '?v=${env.SHORT:url}&n=ak7b'],
  ['two of them', `${HOST}/a?x=other-canary&y=${url(TOKEN)}`, '?x=${env.OTHER:url}&y=${auth.token:url}'],
  ['texts like ours', 'a${auth.token}b$${c}', 'a${$}{auth.token}b$${$}{c}'],
  ['a dollar before one', `$${TOKEN}{`, '$${auth.token}{'],
];

describe('what is stored of a cursor', () => {
  test.each(stored)('%s', async (_, cursor, part) => {
    const text = storeCursor(cursor, known);
    expect(text).toContain(part);
    expect(text).not.toContain('canary');
    expect(await sendCursor(text, telling(known))).toBe(cursor);
  });

  test.each([
    ['a signature of the partner', `${HOST}/ads?page=2&sig=ab%2Fcd&x=1`, 'page=2&sig=${sealed:auth.token:'],
    [
      'one within JSON within base64',
      `v1-${base64(`{"after":7,"t":"${TOKEN.slice(0, 14)}"}`)}`,
      '${sealed:auth.token:',
    ],
    ['base64 within base64', base64(`{"k":1,"in":"${base64(`a=${TOKEN.slice(0, 14)}&`)}"}`), '${sealed:auth.token:'],
    ['a form within forms', `a=${url(url(`b=x+${url(TOKEN.slice(0, 14))}`))}`, '${sealed:auth.token:'],
    [
      'a signature around a secret',
      `${HOST}/ads?sig=x.${url('canary/7f3e+9')}&access_token=${url(TOKEN)}`,
      'sig=${sealed:',
    ],
  ])('%s is sealed', async (_, cursor, part) => {
    const secrets = knowing(['auth.token', TOKEN.slice(0, 14)]);
    const text = storeCursor(cursor, secrets);
    expect(text).toContain(part);
    expect(text).not.toMatch(/canary|ab%2Fcd|Y2FuYXJ5/);
    // Page keys are made of it.
    expect(storeCursor(cursor, knowing(['auth.token', TOKEN.slice(0, 14)]))).toBe(text);
    expect(await sendCursor(text, telling(secrets))).toBe(cursor);
  });

  test.each([
    `${HOST}/ads?token=abc&page_token=def&next_token=g&pageToken=h&continuation_token=i&cursor=j&key=k&code=l`,
    `${HOST}/ads?after=eyJpZCI6MTJ9`,
    'eyJpZCI6MTJ9',
    '100:4',
  ])('%s stays as it is', (cursor) => {
    expect(storeCursor(cursor, known)).toBe(cursor);
  });

  test('without a secret of our own nothing can be sealed', () => {
    expect(storeCursor(`${HOST}/ads?sig=abc`, [])).toBe(`${HOST}/ads?sig=abc`);
  });
});

describe('what is sent of a stored cursor', () => {
  const link = `${HOST}/ads?access_token=${url(TOKEN)}&sig=abc`;

  test('has the secret of now, as this place needs it', async () => {
    const text = storeCursor(link, known);
    const secrets = new KnownSecrets(known);
    secrets.note('auth.token', 'new & other');
    expect(await sendCursor(text, telling(secrets.list()))).toBe(`${HOST}/ads?access_token=new%20%26%20other&sig=abc`);
  });

  test('an answer that repeats the secret of before leads to that of now', async () => {
    const secrets = new KnownSecrets(known);
    secrets.note('auth.token', 'new-secret');
    expect(storeCursor(`${HOST}/ads?t=${url(TOKEN)}`, secrets.list())).toBe(`${HOST}/ads?t=\${auth.token:url}`);
  });

  test('asks for a person when the secret is gone, and says no secret', async () => {
    const text = storeCursor(link, known);
    await expect(sendCursor(text, telling([]))).rejects.toThrow(/^the stored cursor .* \(auth\.token\) .* --force$/);
    await expect(sendCursor('${auth.token}', telling([]))).rejects.toThrow(
      'auth.token, which the definition no longer',
    );
    await expect(sendCursor(text, telling(knowing(['auth.token', 'new-secret'])))).rejects.toThrow('replaced');
  });

  test('a cursor from before is sent as it is', async () => {
    for (const cursor of [link, 'a${b}c', '${price}']) expect(await sendCursor(cursor, telling(known))).toBe(cursor);
  });
});
