import { X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { z } from 'zod';
import type { Problem } from './problem.ts';
import { means } from './means.ts';

const pem = z.string().min(1);

/** Certificates of our own for one partner. */
export const tls = z.strictObject({
  cert: means(
    'our certificate (mTLS) with those that lead to its CA: PEM text, or a file beside the definition',
    pem.optional(),
  ),
  key: means('private key of `cert`: PEM text, or a file beside the definition', pem.optional()),
  passphrase: means('passphrase of `key`', z.string().min(1).optional()),
  ca: means('certificates to trust besides the usual ones: PEM text, or a file beside the definition', pem.optional()),
});
export type Tls = z.output<typeof tls>;

const parts = ['cert', 'key', 'ca'] as const;
const isText = (value: string): boolean => value.includes('-----BEGIN ');

/** Rules between fields. */
export function checkTls(settings: Tls | undefined, baseUrl: string): Problem[] {
  if (settings === undefined) return [];
  return [
    ...(settings.key !== undefined && settings.cert === undefined ? [missing('cert', 'key')] : []),
    ...(settings.cert !== undefined && settings.key === undefined ? [missing('key', 'cert')] : []),
    ...(settings.passphrase !== undefined && settings.key === undefined ? [missing('key', 'passphrase')] : []),
    ...(new URL(baseUrl).protocol === 'https:'
      ? []
      : [{ path: ['tls'], says: 'only for a baseUrl with https:; correct it, or leave tls out' }]),
  ];
}

/** A file that a definition names. */
export interface NamedFile {
  readonly path: string;
  /** When it was read, or before that. */
  readonly changedAtMs: number;
}

const missing = (name: 'cert' | 'key', of: string): Problem => ({
  path: ['tls', name],
  says: `missing; tls.${of} is of no use without it`,
});

export interface ReadTls {
  /** PEM texts. */
  readonly tls: Tls;
  /** The files that they were read from. */
  readonly files: readonly NamedFile[];
  readonly problems: readonly Problem[];
}

/** The texts of files that a definition names, and whether they can be used. `file` is the definition. */
export async function readTls(settings: Tls, file: string): Promise<ReadTls> {
  const texts: Record<string, string> = {};
  const files: NamedFile[] = [];
  const problems: Problem[] = [];
  for (const name of parts) {
    const value = settings[name];
    if (value === undefined || isText(value)) continue;
    const path = resolve(dirname(file), value);
    try {
      const { mtimeMs: changedAtMs } = await stat(path);
      const text = await readFile(path, 'utf8');
      if (!isText(text)) throw Object.assign(new Error(), { code: 'no PEM in it' });
      texts[name] = text;
      files.push({ path, changedAtMs });
    } catch (error) {
      // The value may be a broken secret rather than a path.
      problems.push({
        path: ['tls', name],
        says: `expected PEM text (-----BEGIN …) or a file that can be read, found ${codeOf(error)}; correct the path or the secret`,
      });
    }
  }
  const tls = { ...settings, ...texts };
  return { tls, files, problems: problems.length > 0 ? problems : unusable(tls) };
}

function unusable({ cert, key, ca, passphrase }: Tls): Problem[] {
  const problems = Object.entries({ cert, ca }).flatMap(([name, text = '']) =>
    tried(name, () => certificatesIn(text).map((each) => new X509Certificate(each)), 'certificates in PEM'),
  );
  if (problems.length > 0 || key === undefined || cert === undefined) return problems;
  const own = { cert, key, ...(passphrase === undefined ? {} : { passphrase }) };
  return tried(
    'key',
    () => createSecureContext(own),
    'the private key of tls.cert in PEM, and its passphrase if it has one',
  );
}

function tried(name: string, use: () => unknown, expected: string): Problem[] {
  try {
    use();
    return [];
  } catch (error) {
    return [{ path: ['tls', name], says: `cannot be used (${codeOf(error)}); expected ${expected}` }];
  }
}

const certificatesIn = (text: string): readonly string[] => text.split(/(?=-----BEGIN )/).filter(isText);

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'an error';
