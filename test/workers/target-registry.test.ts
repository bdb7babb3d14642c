import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { compilePartner } from '../../definitions/compile.ts';
import { loadPartner } from '../../definitions/load.ts';
import { plainNames } from '../../messages/names.ts';
import { targetRegistry, type TargetRegistry } from '../../workers/target-registry.ts';
import { withFiles } from '../definitions/partner-files.ts';

const acme = (targets: string): string => `
name: acme
baseUrl: https://api.acme.example
targets: ${targets}
streams:
  orders:
    path: /orders
    primaryKey: [id]
    schema: { type: object, properties: { id: { type: string } } }
`;
const lake = (more: string): string => `targets: { lake: { type: duckdb, path: lake.duckdb, ${more} } }`;

async function withRegistry(
  files: Readonly<Record<string, string>>,
  use: (registry: TargetRegistry, dir: string) => Promise<void>,
): Promise<void> {
  await withFiles(files, async (dir) => {
    const registry = targetRegistry({
      dir,
      env: {},
      owner: 'syncline',
      partners: { streams: async (name) => compilePartner(await loadPartner(name, { dir, env: {} }), plainNames) },
      now: () => Date.now(),
    });
    try {
      await use(registry, dir);
    } finally {
      await registry.close();
    }
  });
}

/** Files that are written within one tick of the clock have different times all the same. */
async function rewrite(file: string, text: string, atSecs: number): Promise<void> {
  await writeFile(file, text);
  await utimes(file, atSecs, atSecs);
}

test('a stream is written to the targets that it names; one that is not declared is an error by line', async () => {
  await withRegistry({ 'acme.yaml': acme('[lake]'), 'targets.yaml': lake('rows: 7') }, async (registry, dir) => {
    expect(await registry.names()).toEqual(['lake']);
    expect(await registry.of('acme', 'orders')).toEqual(['lake']);
    expect(await registry.loads('lake')).toEqual({ everyMs: 10_000, rows: 7 });
    await writeFile(join(dir, 'acme.yaml'), acme('[lakes]'));
    await expect(registry.of('acme', 'orders')).rejects.toThrow(
      /acme\.yaml:4:11 targets\.0: there is no target "lakes"; did you mean "lake"\?/,
    );
    await expect(registry.open('pond')).rejects.toThrow('there is no target "pond"; there are lake');
  });
});

test('a target is opened once, and anew when its declaration has changed', async () => {
  await withRegistry({ 'targets.yaml': lake('rows: 7') }, async (registry, dir) => {
    const [first, same] = await Promise.all([registry.open('lake'), registry.open('lake')]);
    expect(same).toBe(first);
    expect(await first.check()).toMatch(/^DuckDB v\d/);
    await rewrite(join(dir, 'targets.yaml'), lake('rows: 8, threads: 1'), 1_700_000_000);
    expect(await registry.loads('lake')).toEqual({ everyMs: 10_000, rows: 8 });
    const second = await registry.open('lake');
    expect(second).not.toBe(first);
    expect(await second.check()).toMatch(/^DuckDB v\d/);
    await expect(first.check()).rejects.toThrow('is closed');
  });
});

test('a declaration that no longer holds says so, and what is mended is taken', async () => {
  await withRegistry({ 'targets.yaml': lake('rows: 7') }, async (registry, dir) => {
    await registry.open('lake');
    await rewrite(join(dir, 'targets.yaml'), lake('rows: many'), 1_700_000_000);
    await expect(registry.open('lake')).rejects.toThrow(/targets\.lake\.rows: expected a number/);
    await rewrite(join(dir, 'targets.yaml'), lake('rows: 9'), 1_700_000_001);
    expect(await registry.loads('lake')).toEqual({ everyMs: 10_000, rows: 9 });
  });
});
