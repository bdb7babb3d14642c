import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { freshNamespace } from '../support/fresh-namespace.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { temporalAddress } from '../support/temporal.ts';
import { runHere } from './run-here.ts';
import type { Ended } from './run-syncline.ts';

const document = readFileSync('docs/schedules.md', 'utf8');
const block = (language: string): string =>
  new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'ms').exec(document)?.[1] ?? '';
const definition = block('yaml');

let folder: TemporaryFolder;
let env: Record<string, string>;
beforeAll(async () => {
  const [made, namespace] = await Promise.all([temporaryFolder(), freshNamespace()]);
  folder = made;
  env = {
    TEMPORAL_ADDRESS: temporalAddress(),
    TEMPORAL_NAMESPACE: namespace,
    SYNCLINE_PARTNERS_DIR: folder.path,
    SYNCLINE_HOME: folder.path,
  };
  await define(definition);
});
afterAll(() => folder.remove());

const define = (text: string): Promise<void> => writeFile(join(folder.path, 'acme.yaml'), text);
const schedule = (...args: string[]): Promise<Ended> => runHere(['schedule', ...args], env);
const list = async (): Promise<readonly Record<string, unknown>[]> =>
  JSON.parse((await schedule('list', '--json')).stdout) as Record<string, unknown>[];

test('the commands of docs/schedules.md do what it says, in their order', async () => {
  const lines = block('sh').trim().split('\n');
  const said: string[] = [];
  for (const line of lines) {
    const args = [...(line.split('#')[0] ?? '').matchAll(/"([^"]*)"|(\S+)/g)].map(
      ([, quoted, plain]) => quoted ?? plain,
    );
    const { code, stdout, stderr } = await runHere(args.slice(1) as string[], env);
    expect({ line, code, stderr }).toEqual({ line, code: 0, stderr: '' });
    said.push(stdout);
  }
  const [dryRun, applied, listed, paused, resumed, , caughtUp] = said;
  expect(dryRun).toMatch(/^\+ schedule\/acme\/hourly: 15 \* \* \* mon-fri UTC, window sinceLast, only payments$/m);
  expect(dryRun).toMatch(/^\+ schedule\/acme\/nightly: 30 3 \* \* \* Europe\/Berlin, window day$/m);
  expect(applied).toMatch(/^2 changed\.$/m);
  expect(listed).toMatch(/acme nightly {2,}30 3 \* \* \* Europe\/Berlin {2,}\d{4}-\d\d-\d\dT/);
  expect(paused).toMatch(/^acme nightly is paused\./);
  expect(resumed).toMatch(/^acme nightly goes on\./);
  expect(caughtUp).toMatch(/from 2026-05-10T00:00:00.000Z to 2026-05-13T00:00:00.000Z/);
});

test('without --yes nothing changes; what is there is compared field by field', async () => {
  await define(definition.replace('03:30', '04:30').replace('jitter: 10m', 'jitter: 20m'));
  const asked = await schedule('apply');
  expect(asked.code).toBe(2);
  expect(asked.stdout).toMatch(/^~ schedule\/acme\/nightly cron: \["30 3 \* \* \*"\] → \["30 4 \* \* \*"\]$/m);
  expect(asked.stdout).toMatch(/^~ schedule\/acme\/nightly jitterMs: 600000 → 1200000$/m);
  expect(asked.stdout).toMatch(/^= schedule\/acme\/hourly$/m);
  expect(asked.stdout).toMatch(/Nothing was changed: add --yes\.$/m);
  expect(await list()).toMatchObject([{ name: 'hourly' }, { name: 'nightly', cron: ['30 3 * * *'] }]);
  const { code, stdout } = await runHere(['doctor', '--json'], env);
  expect([code, JSON.parse(stdout)]).toEqual([
    1,
    expect.arrayContaining([
      {
        check: 'schedules',
        state: 'problem',
        says: 'Temporal does not have what the definitions say (schedule/acme/nightly): run `syncline schedule apply`',
      },
    ]),
  ]);
});

test('a pause by a person outlives an apply, and is shown with its reason', async () => {
  expect((await schedule('pause', 'acme', 'nightly', '--reason', 'their migration')).code).toBe(0);
  expect((await schedule('apply', '--yes')).code).toBe(0);
  expect(await list()).toMatchObject([
    { name: 'hourly', paused: false },
    { name: 'nightly', cron: ['30 4 * * *'], paused: true, note: expect.stringMatching(/^their migration \(/) },
  ]);
  const again = await schedule('apply', '--yes');
  expect(again.stdout).toMatch(/^= schedule\/acme\/nightly: stays paused by hand \(their migration/m);
  expect(again.stdout).toMatch(/^Temporal has what the definitions say\.$/m);
});

test('a definition that cannot be read changes nothing; one that is gone takes its schedules with it', async () => {
  await writeFile(join(folder.path, 'broken.yaml'), 'name: broken\nschedules: { nightly: { cron: nonsense } }\n');
  const broken = await schedule('apply', '--yes');
  expect(broken.code).toBe(2);
  expect(broken.stderr).toMatch(/nothing was done, since not all definitions can be read:\n.*broken\.yaml/);
  await rm(join(folder.path, 'broken.yaml'));
  await rm(join(folder.path, 'acme.yaml'));
  const { stdout } = await schedule('apply', '--yes', '--json');
  expect(JSON.parse(stdout)).toMatchObject({
    applied: true,
    changes: [
      { kind: 'remove', id: 'schedule/acme/hourly' },
      { kind: 'remove', id: 'schedule/acme/nightly' },
    ],
  });
});

test('what is asked for wrongly is said', async () => {
  const unknown = await schedule('pause', 'acne', '--reason', 'typo');
  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringMatching(/Temporal has no schedule of acne/)]);
  const late = await schedule('trigger', 'acme', '--from', 'yesterday');
  expect([late.code, late.stderr]).toEqual([2, expect.stringMatching(/^.*--from: expected a day .*found "yesterday"/)]);
});

test('two people who apply at once both get what the definitions say', async () => {
  await define(definition);
  const both = await Promise.all([schedule('apply', '--yes'), schedule('apply', '--yes')]);
  expect(both.map(({ code, stderr }) => ({ code, stderr }))).toEqual(both.map(() => ({ code: 0, stderr: '' })));
  expect(await list()).toMatchObject([{ name: 'hourly' }, { name: 'nightly', cron: ['30 3 * * *'], paused: false }]);
});
