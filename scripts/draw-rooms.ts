import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { readImports } from './imports.ts';
import { arrowsOf, circleOf, describeCircle, roomOf } from './rooms.ts';
import { describeRooms, withRooms } from './rooms-drawing.ts';

/** Writes the rooms and their arrows into docs/architecture.md; `--check` only says whether they are there. */
const root = fileURLToPath(new URL('..', import.meta.url));
const page = new URL('../docs/architecture.md', import.meta.url);

const arrows = arrowsOf((await readImports(root)).filter(({ to }) => roomOf(to) !== 'test'));
const circle = circleOf(arrows);
if (circle !== undefined) {
  console.error(`These rooms import each other in a circle:\n${describeCircle(circle).join('\n')}`);
  process.exitCode = 1;
} else {
  const before = await readFile(page, 'utf8');
  const after = withRooms(before, describeRooms(arrows));
  if (!process.argv.includes('--check')) await writeFile(page, after);
  else if (after !== before) {
    console.error('docs/architecture.md shows other arrows than the imports: node --import tsx scripts/draw-rooms.ts');
    process.exitCode = 1;
  }
}
