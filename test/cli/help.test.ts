import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { complete } from '../../cli/completion/complete.ts';
import { completionScript, shells } from '../../cli/completion/scripts.ts';
import { treeOf, type CommandNode } from '../../cli/completion/tree.ts';
import { program } from '../../cli/program.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { compiledCli } from './run-syncline.ts';

const root = join(import.meta.dirname, '../..');
const tree = treeOf(program);

describe('help', () => {
  const all = (node: CommandNode, path: readonly string[] = []): [string, CommandNode][] => [
    [path.join(' '), node],
    ...node.commands.flatMap((each) => all(each, [...path, each.name])),
  ];

  test('has a line for every command and every option', () => {
    const commands = all(tree);
    expect(commands.length).toBeGreaterThan(80);
    expect(commands.filter(([, { description }]) => description === '').map(([path]) => path)).toEqual([]);
    const silent = commands.flatMap(([path, { options }]) =>
      options.filter(({ description }) => description === '').map(({ flags }) => `${path} ${flags}`),
    );
    expect(silent).toEqual([]);
  });

  test('every command that does something takes --json', () => {
    const leaves = all(tree).filter(([, { commands }]) => commands.length === 0);
    const without = leaves.filter(([, { options }]) => !options.some(({ long }) => long === '--json'));
    expect(without.map(([path]) => path)).toEqual([]);
  });

  test('fits 100 columns', () => {
    const pages = all(tree).map(([path]) => {
      const words = path === '' ? [] : path.split(' ');
      return words
        .reduce((at, word) => at.commands.find((each) => each.name() === word) ?? at, program)
        .helpInformation();
    });
    const tooWide = pages.flatMap((page) => page.split('\n')).filter((line) => line.length > 100);
    // A usage is one line, however much a command takes.
    expect(tooWide.filter((line) => !line.startsWith('Usage:'))).toEqual([]);
  });

  test('knows every command and option that the documents tell of', async () => {
    const names = (await readdir(join(root, 'docs'))).filter((name) => name.endsWith('.md'));
    const files = ['README.md', ...names.map((name) => join('docs', name))];
    const unknown: string[] = [];
    let seen = 0;
    for (const file of files) {
      const text = await readFile(join(root, file), 'utf8');
      for (const [, line = ''] of text.matchAll(
        /(?:`|npx |run |\$ )syncline (?:-- )?(?!encrypt 1)([a-z][^`"\n|#]*)/g,
      )) {
        seen += 1;
        const wrong = strangeIn(line);
        if (wrong !== undefined) unknown.push(`${file}: syncline ${line.trim()}: ${wrong}`);
      }
    }
    expect(unknown).toEqual([]);
    expect(seen).toBeGreaterThan(250);
  });
});

/** The first word that no command has. */
function strangeIn(line: string): string | undefined {
  let node = tree;
  for (const word of line.split(/[\s,;()]+/).map((each) => each.replace(/[.:\])]+$/, ''))) {
    if (word.startsWith('--')) {
      const long = word.replace(/=.*/, '');
      const known = [node, ...node.commands].some(({ options }) => options.some((each) => each.long === long));
      if (!known && long !== '--help' && long !== '--version' && long !== '--') return word;
      continue;
    }
    const below = node.commands.find(({ name }) => name === word);
    if (below !== undefined) node = below;
    else if (node === tree) return word;
  }
  return undefined;
}

describe('completion', () => {
  const names = {
    partners: () => Promise.resolve(['acme', 'beta']),
    streams: (partner: string) => Promise.resolve(partner === 'acme' ? ['orders', 'payments'] : []),
  };
  const offered = async (...words: string[]): Promise<string[]> =>
    (await complete(tree, words, names)).map(({ word }) => word);

  test.each([
    [['sta'], ['status']],
    [
      ['runs', ''],
      ['list', 'show', 'report', 'pause', 'resume', 'cancel', 'retry', 'accept'],
    ],
    [
      ['sync', ''],
      ['acme', 'beta'],
    ],
    [['sync', 'acme', 'o'], ['orders']],
    [
      ['sync', 'acme', 'orders', ''],
      ['orders', 'payments'],
    ],
    [['sync', '--window', ''], []],
    [['sync', '--window', '2026-11-24', 'b'], ['beta']],
    [['partners', 'check', 'a'], ['acme']],
    [
      ['runs', 'list', '--partner', ''],
      ['acme', 'beta'],
    ],
    [['migrate', '--p'], ['--patience']],
    [['nonsense', ''], []],
  ])('of %j', async (words, expected) => {
    expect(await offered(...words)).toEqual(expected);
  });

  test('there is a script for each shell, which asks syncline itself', () => {
    for (const shell of shells) expect(completionScript(shell)).toContain('complete -- ');
  });

  describe('in a bash', () => {
    let folder: TemporaryFolder;
    beforeAll(async () => {
      folder = await temporaryFolder();
      await mkdir(join(folder.path, 'partners'));
      await writeFile(join(folder.path, 'partners', 'acme.yaml'), 'name: acme\n');
      const program = join(folder.path, 'syncline');
      await writeFile(program, `#!/bin/sh\nexec "${process.execPath}" "${compiledCli}" "$@"\n`);
      await chmod(program, 0o755);
    });
    afterAll(() => folder?.remove());

    test('a Tab completes commands and partners', async () => {
      const script = [
        `source <(syncline completion bash)`,
        `COMP_WORDS=(syncline qua) COMP_CWORD=1; _syncline; echo "\${COMPREPLY[@]}"`,
        `COMP_WORDS=(syncline sync "") COMP_CWORD=2; _syncline; echo "\${COMPREPLY[@]}"`,
      ].join('\n');
      const { stdout } = await promisify(execFile)('bash', ['-c', script], {
        cwd: folder.path,
        env: { PATH: `${folder.path}:/usr/bin:/bin`, HOME: folder.path },
      });
      expect(stdout).toBe('quarantine\nacme\n');
    });
  });
});
