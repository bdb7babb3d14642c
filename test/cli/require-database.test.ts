import { expect, test } from '@jest/globals';
import { awaitDatabase } from '../../cli/require-database.ts';
import { readConfig } from '../../config/config.ts';
import { freePort } from '../../services/free-port.ts';

test('a database that does not answer is asked again for as long as it was said, and no longer', async () => {
  const config = readConfig({ DATABASE_URL: `postgres://nobody@127.0.0.1:${await freePort()}/none` });
  const warned: unknown[] = [];
  const log = { info: () => {}, debug: () => {}, warn: (facts: unknown) => void warned.push(facts) };
  const { signal } = new AbortController();
  const patienceMs = 1500;
  const began = performance.now();
  await expect(awaitDatabase(config, { log, signal, patienceMs })).rejects.toThrow('ECONNREFUSED');
  expect(performance.now() - began).toBeGreaterThanOrEqual(patienceMs);
  // It is asked at 0, 1 and 3 s, and what comes after the patience is thrown. How long one answer takes is up to the machine, so there may be fewer.
  const asked = [1, 2].map((attempt) => ({ attempt, error: expect.stringContaining('ECONNREFUSED') }));
  expect(warned).toEqual(asked.slice(0, warned.length));
});
