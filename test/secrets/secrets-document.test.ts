import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { secretsOf } from '../../definitions/secrets.ts';
import { problemsOf } from '../definitions/partner-files.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const document = await readFile(new URL('../../docs/secrets.md', import.meta.url), 'utf8');
const block = (language: string): string =>
  new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'm').exec(document)?.[1] ?? 'there is none';

test('the definition of docs/secrets.md loads', async () => {
  expect(await problemsOf(block('yaml'), { ACME_TOKEN: 't' })).toEqual([]);
});

test('the store of docs/secrets.md is asked first', async () => {
  const folder = await temporaryFolder();
  try {
    const file = join(folder.path, 'secrets.ts');
    // A project finds the package by its name; here it is this checkout.
    await writeFile(
      file,
      block('ts').replace("'syncline'", JSON.stringify(new URL('../../public/index.ts', import.meta.url).pathname)),
    );
    const { env } = await secretsOf({ SYNCLINE_SECRETS: file, ACME_TOKEN: 'hidden', OTHER: 'seen' }).read([
      'ACME_TOKEN',
      'OTHER',
    ]);
    expect(env).toEqual({ ACME_TOKEN: 'from the vault', OTHER: 'seen' });
  } finally {
    await folder.remove();
  }
});
