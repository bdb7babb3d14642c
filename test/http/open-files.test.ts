import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { GiveUp, RetryLater } from '../../core/errors.ts';
import type { Compression } from '../../core/source.ts';
import { openFiles } from '../../http/open-files.ts';
import { zipFile } from '../support/zip-file.ts';

const texts = async (body: Buffer, compression: Compression, maxBytes = 1000): Promise<string[]> =>
  (await openFiles(body, compression, maxBytes)).map(String);
const failure = (body: Buffer, compression: Compression, maxBytes = 1000): Promise<unknown> =>
  openFiles(body, compression, maxBytes).then(
    () => 'opened',
    (error: unknown) => error,
  );
const zero = Buffer.alloc(5000);

describe('the files in a body', () => {
  const two = zipFile([
    { name: 'data/', data: '' },
    { name: 'data/a.csv', data: 'a' },
    { name: '__MACOSX/data/._a.csv', data: 'x' },
    { name: 'data/b (1).csv', data: 'b', method: 0 },
    { name: 'read me.txt', data: 'c' },
  ]);

  test.each<[name: string, body: Buffer, compression: Compression, found: string[]]>([
    ['a gzip file', gzipSync('abc'), { type: 'gzip' }, ['abc']],
    ['of several parts', Buffer.concat([gzipSync('ab'), gzipSync('c')]), { type: 'gzip' }, ['abc']],
    ['that is looked at', gzipSync('abc'), { type: 'auto' }, ['abc']],
    ['a plain body', Buffer.from('abc'), { type: 'auto' }, ['abc']],
    ['a zip file', two, { type: 'zip' }, ['a', 'b', 'c']],
    ['that is looked at', two, { type: 'auto' }, ['a', 'b', 'c']],
    ['those with a name', two, { type: 'zip', files: 'data/*.csv' }, ['a', 'b']],
    ['one with a name', two, { type: 'zip', files: 'data/b (1).csv' }, ['b']],
    ['gzip files in a zip file', zipFile([{ name: 'a.json.gz', data: gzipSync('abc') }]), { type: 'auto' }, ['abc']],
    ['an empty one', zipFile([{ name: 'a', data: '' }]), { type: 'zip' }, ['']],
  ])('%s', async (_, body, compression, found) => {
    expect(await texts(body, compression)).toEqual(found);
  });

  test.each<[name: string, body: Buffer, compression: Compression, says: RegExp]>([
    [
      'a gzip file that was cut',
      gzipSync('abc'.repeat(99)).subarray(0, -9),
      { type: 'auto' },
      /gzip file that is broken/,
    ],
    ['a zip file that was cut', two.subarray(0, -30), { type: 'auto' }, /zip file that is broken/],
    ['another checksum', zipFile([{ name: 'a', data: 'abc', crc: 7 }]), { type: 'zip' }, /zip file that is broken/],
    [
      'a longer file than stated',
      zipFile([{ name: 'a', data: 'abc', size: 2 }]),
      { type: 'zip' },
      /zip file that is broken/,
    ],
    [
      'a shorter file than stated',
      zipFile([{ name: 'a', data: 'abc', size: 4 }]),
      { type: 'zip' },
      /zip file that is broken/,
    ],
    ['something else', Buffer.from('<html>'), { type: 'gzip' }, /expected a gzip file, found something else/],
    ['a zip file where gzip is said', two, { type: 'gzip' }, /expected a gzip file, found a zip file/],
    ['no file', zipFile([]), { type: 'zip' }, /no file that is wanted/],
    ['none with the name', two, { type: 'zip', files: '*.json' }, /no file that is wanted/],
  ])('%s is asked for again', async (_, body, compression, says) => {
    const error = await failure(body, compression);
    expect(error).toBeInstanceOf(RetryLater);
    expect((error as Error).message).toMatch(says);
  });

  test.each<[name: string, body: Buffer, says: RegExp]>([
    ['gzip', gzipSync(zero), /more than 4000 bytes/],
    ['zip', zipFile([{ name: 'a', data: zero }]), /more than 4000 bytes/],
    ['zip that lies of its size', zipFile([{ name: 'a', data: zero, size: 10 }]), /broken|more than 4000/],
    [
      'zip of many',
      zipFile(['a', 'b', 'c'].map((name) => ({ name, data: zero.subarray(0, 1500) }))),
      /more than 4000 bytes/,
    ],
    ['zip of gzip', zipFile([{ name: 'a', data: gzipSync(zero) }]), /more than 4000 bytes/],
    ['an encrypted zip', zipFile([{ name: 'a', data: 'abc', flags: 1 }]), /encrypted/],
    ['an unknown method', zipFile([{ name: 'a', data: 'abc', method: 14 }]), /method 14/],
  ])('no memory is filled, and nothing guessed: %s', async (_, body, says) => {
    const error = await failure(body, { type: 'auto' }, 4000);
    expect(error).toBeInstanceOf(/lies/.test(_) ? RetryLater : GiveUp);
    expect((error as Error).message).toMatch(says);
  });

  test('at the limit is taken', async () => {
    expect(await texts(gzipSync(zero), { type: 'gzip' }, 5000)).toHaveLength(1);
    expect(await texts(zipFile([{ name: 'a', data: zero }]), { type: 'zip' }, 5000)).toHaveLength(1);
  });
});
