import { isTypeOnly, wayOf, type Arrow } from './rooms.ts';

const BEGIN = '<!-- rooms: written by scripts/draw-rooms.ts -->';
const END = '<!-- rooms end -->';

/** Beside the product, or imported by all: listed, but not drawn. */
const notDrawn = new Set(['bench', 'core', 'public', 'scripts', 'services', 'simulator']);

/** The drawing and the list. Arrows make no circle. */
export function describeRooms(arrows: readonly Arrow[]): string {
  return ['```mermaid', 'flowchart TD', ...drawing(arrows), '```', '', ...list(arrows)].join('\n');
}

function drawing(arrows: readonly Arrow[]): readonly string[] {
  const drawn = arrows.filter(({ from, to }) => !notDrawn.has(from) && !notDrawn.has(to));
  const rooms = [...new Set(arrows.flatMap(({ from, to }) => [from, to]))].filter((room) => !notDrawn.has(room));
  return [
    ...rooms.toSorted().map((room) => `  ${room}["${room}/"]`),
    ...drawn
      .filter((arrow) => !followsFromOthers(arrow, drawn))
      .map((arrow) => `  ${arrow.from} ${isTypeOnly(arrow) ? '-.->' : '-->'} ${arrow.to}`),
  ];
}

/** What is imported at run time does not follow from an import of types. */
function followsFromOthers(arrow: Arrow, arrows: readonly Arrow[]): boolean {
  const others = arrows.filter((other) => other !== arrow && (isTypeOnly(arrow) || !isTypeOnly(other)));
  return wayOf(others, arrow.from, arrow.to) !== undefined;
}

function list(arrows: readonly Arrow[]): readonly string[] {
  const rooms = [...new Set(arrows.flatMap(({ from, to }) => [from, to]))].toSorted();
  return rooms.map((room) => {
    const imported = arrows.filter(({ from }) => from === room);
    const whole = namesOf(imported.filter((arrow) => !isTypeOnly(arrow)));
    const types = namesOf(imported.filter(isTypeOnly));
    const parts = [...(whole === '' ? [] : [whole]), ...(types === '' ? [] : [`only types of ${types}`])];
    return `- \`${room}/\` imports ${parts.join('; ') || 'no other room'}`;
  });
}

const namesOf = (arrows: readonly Arrow[]): string => arrows.map(({ to }) => `\`${to}/\``).join(', ');

/** The page with the text between its two marks. */
export function withRooms(page: string, text: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin === -1 || end < begin) throw new Error(`the page has no "${BEGIN}" with "${END}" after it`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${text}\n\n${page.slice(end)}`;
}
