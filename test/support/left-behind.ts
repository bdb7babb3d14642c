import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { afterAll, test } from '@jest/globals';

// A test file for test/environment.test.ts: nothing in it ends what it starts, and its test passes its limit.
const start = (): string => String(spawn('sleep', ['600'], { stdio: 'ignore' }).pid);

// oxlint-disable-next-line jest/expect-expect -- it is the limit that is passed
test('passes its limit', async () => {
  writeFileSync(process.env['PIDS'] ?? '', start());
  await new Promise(() => {});
}, 100);

afterAll(() => writeFileSync(process.env['PIDS'] ?? '', ` ${start()}`, { flag: 'a' }));
