import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { GiveUp, RetryLater } from '../../core/errors.ts';
import { decodeBody } from '../../http/decode-body.ts';
import { zipFile } from '../support/zip-file.ts';

const decode = async (
  body: Buffer,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ text: string; noText: string | undefined; body: string }> => {
  const decoded = await decodeBody(body, { headers, maxBytes: 1000, what: 'GET /x' });
  const { text, noText } = decoded.content;
  return { text, noText, body: decoded.body.toString('latin1') };
};
const utf16be = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();
const plain = Buffer.from('["é"]');

describe('Content-Encoding', () => {
  test.each([
    'utf-8',
    'UTF8',
    'none',
    'identity',
    'Binary',
    '',
    ' ',
    'identity, utf-8',
    'chunked',
    'application/json',
    'ISO-8859-1',
    'us-ascii',
  ])('%j names no coding', async (header) => {
    expect(await decode(plain, { 'content-encoding': header })).toMatchObject({ text: '["é"]' });
  });

  test.each([
    ['gzip', gzipSync(plain)],
    ['GZIP', gzipSync(plain)],
    ['x-gzip', gzipSync(plain)],
    ['gzip, identity', gzipSync(plain)],
    ['utf-8,gzip', gzipSync(plain)],
    ['deflate', deflateSync(plain)],
    ['deflate', deflateRawSync(plain)],
    ['br', brotliCompressSync(plain)],
    ['gzip, br', brotliCompressSync(gzipSync(plain))],
  ])('%s is undone', async (header, body) => {
    expect(await decode(body, { 'content-encoding': header })).toMatchObject({
      text: '["é"]',
      body: plain.toString('latin1'),
    });
  });

  test('another one is named', async () => {
    const failure = decode(plain, { 'content-encoding': 'aes128gcm' });
    await expect(failure).rejects.toThrow(GiveUp);
    await expect(failure).rejects.toThrow(/"aes128gcm", which was not asked for/);
  });

  test.each([
    ['gzip', plain],
    ['gzip', gzipSync(plain).subarray(0, -1)],
    ['deflate', deflateSync(plain).subarray(0, -1)],
    ['br', brotliCompressSync(plain).subarray(0, -1)],
  ])('%s that is none, or was cut, is asked for again', async (header, body) => {
    await expect(decode(body, { 'content-encoding': header })).rejects.toThrow(RetryLater);
  });

  test('what is undone twice is bounded twice', async () => {
    const bomb = brotliCompressSync(gzipSync(Buffer.alloc(100_000)));
    await expect(decode(bomb, { 'content-encoding': 'gzip, br' })).rejects.toThrow(/more than 1000 bytes/);
  });
});

describe('the charset of a text', () => {
  test.each<[name: string, body: Buffer, headers: Readonly<Record<string, string>>]>([
    ['UTF-8', Buffer.from('é"1"'), {}],
    ['UTF-8 with a mark', Buffer.from('\ufeffé"1"'), {}],
    ['UTF-8 that is said to be Latin-1', Buffer.from('é"1"'), { 'content-type': 'text/csv; charset=ISO-8859-1' }],
    ['Latin-1', Buffer.from('é"1"', 'latin1'), { 'content-type': "text/csv; Charset = 'latin1'" }],
    ['Latin-1 in the wrong header', Buffer.from('é"1"', 'latin1'), { 'content-encoding': 'ISO-8859-1' }],
    ['UTF-16', Buffer.from('é"1"', 'utf16le'), { 'content-type': 'text/csv; charset=utf-16' }],
    ['UTF-16 with a mark', Buffer.from('\ufeffé"1"', 'utf16le'), {}],
    ['UTF-16BE with a mark', utf16be('\ufeffé"1"'), { 'content-type': 'text/csv; charset=utf-16' }],
    ['UTF-16BE', utf16be('é"1"'), { 'content-type': 'text/csv; charset=utf-16be' }],
  ])('%s', async (_, body, headers) => {
    expect(await decode(body, headers)).toMatchObject({ text: 'é"1"', noText: undefined });
  });

  test('ASCII letters in UTF-16 are not taken for ASCII', async () => {
    expect(await decode(Buffer.from('[1]', 'utf16le'), { 'content-type': 'x/y;charset=UTF-16LE' })).toMatchObject({
      text: '[1]',
    });
  });

  test.each<[name: string, body: Buffer, type: string, why: RegExp]>([
    ['is not valid', Buffer.from([0x7b, 0xff, 0x7d]), 'application/json', /not valid in its charset/],
    ['is not known', Buffer.from([0x7b, 0xff, 0x7d]), 'a/b; charset=klingon', /charset that is not known/],
    ['is none: gzip', gzipSync('abc'), 'application/gzip', /write compression: gzip/],
    ['is none: zip', zipFile([{ name: 'a', data: 'é'.repeat(50) }]), 'application/zip', /write compression: zip/],
  ])('that %s leaves the bytes', async (_, body, type, why) => {
    expect(await decode(body, { 'content-type': type })).toEqual({
      text: '',
      noText: expect.stringMatching(why),
      body: body.toString('latin1'),
    });
  });
});
