import { expect, test } from '@jest/globals';
import { awaitDatabase } from '../../cli/require-database.ts';
import { readConfig } from '../../config/config.ts';
import { freePort } from '../../services/free-port.ts';

test('a database that does not answer is waited for as long as it was said, and no longer', async () => {
  const config = readConfig({ DATABASE_URL: `postgres://nobody@127.0.0.1:${await freePort()}/none` });
  const warned: unknown[] = [];
  const log = { info: () => {}, debug: () => {}, warn: (facts: unknown) => void warned.push(facts) };
  const { signal } = new AbortController();
  await expect(awaitDatabase(config, { log, signal, patienceMs: 500 })).rejects.toThrow('ECONNREFUSED');
  expect(warned).toEqual([{ attempt: 1, error: expect.stringContaining('ECONNREFUSED') }]);
});
