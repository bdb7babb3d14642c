import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { importsIn, readImports } from '../../scripts/imports.ts';
import { arrowsOf, circleOf, describeCircle, isTypeOnly, roomOf } from '../../scripts/rooms.ts';
import { describeRooms, withRooms } from '../../scripts/rooms-drawing.ts';
import { bundledRooms } from '../../services/workflow-bundle.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const imports = await readImports(root);
const arrows = arrowsOf(imports.filter(({ to }) => roomOf(to) !== 'test'));

test.each([
  [`import a from './x.ts';`, false],
  [`import { type A, b } from './x.ts';`, false],
  [`import './x.ts';`, false],
  [`export * from './x.ts';`, false],
  [`export { a } from './x.ts';`, false],
  [`const later = async () => (await import('./x.ts')).a;`, false],
  [`import type { A } from './x.ts';`, true],
  [`import { type A } from './x.ts';`, true],
  [`export type { A } from './x.ts';`, true],
  [`export type * from './x.ts';`, true],
  [`const a = (of: import('./x.ts').A): void => {};`, true],
])('%s is seen', async (source, typeOnly) => {
  expect(await importsIn(source)).toMatchObject([{ path: './x.ts', typeOnly }]);
});

const madeUp = (...pairs: readonly (readonly [string, string])[]) =>
  arrowsOf(pairs.map(([from, to]) => ({ from: `${from}/a.ts`, to: `${to}/b.ts`, typeOnly: from === 'store' })));

test('a circle is told with the files that make it, also when types close it', () => {
  const circle = circleOf(madeUp(['cli', 'http'], ['http', 'limits'], ['limits', 'store'], ['store', 'http']));
  expect(describeCircle(circle ?? [])).toEqual([
    'http -> limits: http/a.ts imports limits/b.ts',
    'limits -> store: limits/a.ts imports store/b.ts',
    'store -> http: store/a.ts imports types of http/b.ts',
  ]);
  expect(circleOf(madeUp(['cli', 'http'], ['http', 'store'], ['cli', 'store']))).toBeUndefined();
});

test('the drawing leaves out what follows from other arrows; the list has all', () => {
  expect(describeRooms(madeUp(['cli', 'http'], ['http', 'limits'], ['cli', 'limits'], ['store', 'limits']))).toBe(
    [
      '```mermaid',
      'flowchart TD',
      '  cli["cli/"]',
      '  http["http/"]',
      '  limits["limits/"]',
      '  store["store/"]',
      '  cli --> http',
      '  http --> limits',
      '  store -.-> limits',
      '```',
      '',
      '- `cli/` imports `http/`, `limits/`',
      '- `http/` imports `limits/`',
      '- `limits/` imports no other room',
      '- `store/` imports only types of `limits/`',
    ].join('\n'),
  );
});

test('no rooms import each other in a circle', () => {
  expect(arrows.length).toBeGreaterThan(30);
  expect(describeCircle(circleOf(arrows) ?? [])).toEqual([]);
});

test('docs/architecture.md shows the arrows that the imports make: else run scripts/draw-rooms.ts', async () => {
  const page = await readFile(new URL('../../docs/architecture.md', import.meta.url), 'utf8');
  expect(page).toBe(withRooms(page, describeRooms(arrows)));
});

const walls: Readonly<Record<string, readonly string[]>> = {
  alerts: ['core', 'definitions'],
  notify: ['core', 'alerts', 'definitions', 'http'],
  core: [],
  messages: ['core'],
  definitions: ['core'],
  http: ['core', 'definitions'],
  simulator: ['core'],
  sources: ['core', 'http', 'definitions'],
  store: ['core'],
  targets: ['core', 'apply', 'store'],
  limits: ['core', 'store', 'definitions'],
  records: ['core', 'definitions'],
  apply: ['core', 'records', 'definitions', 'targets'],
  landing: ['core', 'messages', 'definitions', 'records', 'store', 'targets', 'apply'],
  workflows: ['core', 'messages', 'activities'],
};

test.each(Object.entries(walls))('%s/ imports no other room than %j', (room, allowed) => {
  const beyond = imports.filter(({ from, to }) => roomOf(from) === room && ![room, ...allowed].includes(roomOf(to)));
  expect(beyond).toEqual([]);
});

test('targets import nothing of the store but how a session of PostgreSQL is opened', () => {
  const found = imports.filter(({ from, to }) => roomOf(from) === 'targets' && roomOf(to) === 'store');
  expect(found.filter(({ to }) => !to.startsWith('store/session/'))).toEqual([]);
});

test('workflows import nothing of activities but the types of what these can do', () => {
  const found = imports.filter(({ from, to }) => roomOf(from) === 'workflows' && roomOf(to) === 'activities');
  expect(found.length).toBeGreaterThan(0);
  expect(found.filter(({ to, typeOnly }) => to !== 'activities/index.ts' || !typeOnly)).toEqual([]);
});

test('a change of any room that workflows import is another workflow bundle', () => {
  const imported = arrows.filter((arrow) => arrow.from === 'workflows' && !isTypeOnly(arrow)).map(({ to }) => to);
  expect(imported).toEqual([...bundledRooms]);
});

test('nothing but scripts imports what belongs to tests', () => {
  expect(imports.filter(({ from, to }) => roomOf(to) === 'test' && roomOf(from) !== 'scripts')).toEqual([]);
});
