import { readdir, readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { parse } from '@swc/core';

/** One import of a file of the project by another; paths from the root, with `/`. */
export interface Import {
  readonly from: string;
  readonly to: string;
  /** Gone at run time. */
  readonly typeOnly: boolean;
}

/** Not ours, or no rooms: tests and examples may import what they like. */
const leftOut = new Set(['node_modules', 'dist', 'test', 'examples', 'templates']);

/** Every import of our own that the rooms below `root` hold: static, dynamic, exported again, and of types only. */
export async function readImports(root: string): Promise<readonly Import[]> {
  const files = await typescriptBelow(root);
  const found = await Promise.all(
    files.map(async (from) =>
      importsIn(await readFile(join(root, from), 'utf8')).then((imports) =>
        imports
          .filter(({ path }) => path.startsWith('.'))
          .map(({ path, typeOnly }) => ({ from, to: posix.join(posix.dirname(from), path), typeOnly })),
      ),
    ),
  );
  return found.flat();
}

async function typescriptBelow(root: string, folder = ''): Promise<readonly string[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true });
  const found = await Promise.all(
    entries
      .filter(({ name }) => !name.startsWith('.') && !leftOut.has(name))
      .map(async (entry) => {
        const path = posix.join(folder, entry.name);
        if (entry.isDirectory()) return typescriptBelow(root, path);
        return entry.isFile() && path.endsWith('.ts') ? [path] : [];
      }),
  );
  return found.flat().toSorted();
}

interface Found {
  readonly path: string;
  readonly typeOnly: boolean;
  /** By `import()`: when it is needed. */
  readonly later: boolean;
}

/** What a text of TypeScript imports, in its order. A path that is put together at run time is not seen. */
export async function importsIn(source: string): Promise<readonly Found[]> {
  const found: Found[] = [];
  visit(await parse(source, { syntax: 'typescript', target: 'es2022' }), found);
  return found;
}

type Node = Readonly<Record<string, unknown>>;

function visit(value: unknown, found: Found[]): void {
  if (Array.isArray(value)) for (const each of value) visit(each, found);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
  const node = value as Node;
  const path = textOf(pathOf(node));
  if (path !== undefined) found.push({ path, typeOnly: isTypeOnly(node), later: node.type === 'CallExpression' });
  for (const each of Object.values(node)) visit(each, found);
}

function pathOf(node: Node): unknown {
  if (node.type === 'TsImportType') return node.argument;
  if (node.type === 'ImportDeclaration' || node.type === 'ExportAllDeclaration') return node.source;
  if (node.type === 'ExportNamedDeclaration') return node.source;
  if (node.type !== 'CallExpression' || (node.callee as Node).type !== 'Import') return undefined;
  return (node.arguments as readonly { readonly expression: Node }[])[0]?.expression;
}

function textOf(literal: unknown): string | undefined {
  const node = literal as Node | null | undefined;
  return node?.type === 'StringLiteral' ? (node.value as string) : undefined;
}

/** `import type …`, and `import { type A, type B } …`. */
function isTypeOnly(node: Node): boolean {
  if (node.type === 'TsImportType' || node.typeOnly === true) return true;
  const specifiers = node.specifiers as readonly Node[] | undefined;
  return specifiers !== undefined && specifiers.length > 0 && specifiers.every(({ isTypeOnly: only }) => only === true);
}
