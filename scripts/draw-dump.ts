import type { Heard, Sender } from '../test/support/dump-night.ts';

/** Requests that the limit let through. */
export interface Taken {
  readonly units: number;
  readonly atMs: number;
}

export interface DrawnDump {
  readonly heard: readonly Heard[];
  /** By the clock of the database, which is what the limit goes by: an answer comes later. */
  readonly taken: { readonly hurried: readonly Taken[]; readonly patient: readonly Taken[] };
  /** Requests per second of the limit. */
  readonly rate: number;
  readonly burst: number;
}

const WIDTH = 760;
const LEFT = 64;
const RIGHT = 20;
const PANEL = 120;
const GAP = 56;
const TOP = 64;
const HEIGHT = TOP + 3 * (PANEL + GAP);
const SECOND = 1000;

/** A picture of three panels over time: what was taken, what was refused, and how long the third caller waited. Readable on light and on dark pages. */
export function drawDump({ heard, taken, rate, burst }: DrawnDump): string {
  const seconds = Math.ceil(Math.max(...heard.map(({ atMs }) => atMs)) / SECOND);
  const perSecond = (events: readonly Taken[]): readonly number[] => {
    const counts = Array.from({ length: seconds }, () => 0);
    for (const { units, atMs } of events) {
      const second = Math.min(Math.floor(atMs / SECOND), seconds - 1);
      counts[second] = (counts[second] ?? 0) + units;
    }
    return counts;
  };
  const refusals = (sender: Sender): readonly Taken[] =>
    heard.flatMap(({ sender: who, status, atMs }) => (who === sender && status !== 202 ? [{ units: 1, atMs }] : []));
  const accepted = { hurried: perSecond(taken.hurried), patient: perSecond(taken.patient) };
  const refused = { hurried: perSecond(refusals('hurried')), patient: perSecond(refusals('patient')) };
  const waits = heard.flatMap(({ sender, atMs, tookMs }) =>
    sender === 'calm' && tookMs !== undefined ? [{ x: atMs / SECOND, y: tookMs }] : [],
  );
  const count = (sender: Sender): string => refusals(sender).length.toLocaleString('en');
  const description =
    `Over ${seconds} seconds. Accepted in one second at most: ${most(accepted)} of the two senders, whose limit is ${rate} per second with a burst of ${burst}. ` +
    `Refused: ${count('hurried')} requests of the sender that retries at once, ${count('patient')} of the one that obeys. ` +
    `The third caller sent ${waits.length} requests, and ${count('calm')} were refused.`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title desc">
<title id="title">A night on which two partners send all that they have</title>
<desc id="desc">${description}</desc>
<style>${STYLE}</style>
<rect class="page" width="${WIDTH}" height="${HEIGHT}"/>
${legend()}
${panel(
  { at: 0, title: 'accepted per second', seconds, top: Math.max(...all(accepted), rate), marked: rate },
  ({ x, y }) => both(accepted, x, y),
)}
${panel({ at: 1, title: 'refused per second', seconds, top: Math.max(...all(refused)) }, ({ x, y }) => both(refused, x, y))}
${panel(
  { at: 2, title: 'answers to the third caller, ms', seconds, top: Math.max(...waits.map(({ y }) => y)) },
  ({ x, y }) => waits.map((one) => `<circle class="calm" cx="${x(one.x)}" cy="${y(one.y)}" r="2"/>`).join(''),
)}
<text x="${LEFT}" y="${HEIGHT - 8}">seconds since both began</text>
</svg>
`;
}

interface Lines {
  readonly hurried: readonly number[];
  readonly patient: readonly number[];
}

const most = ({ hurried, patient }: Lines): string => `${Math.max(...hurried)} and ${Math.max(...patient)}`;
const all = (lines: Lines): readonly number[] => [...lines.hurried, ...lines.patient];

const STYLE = `
text { font: 13px system-ui, sans-serif; fill: #1f2328 } .page { fill: #ffffff } .grid { stroke: #d1d9e0 } .limit { stroke: #59636e; stroke-dasharray: 4 4 }
.hurried { stroke: #bc4c00 } .patient { stroke: #0969da; stroke-dasharray: 7 3 } path { fill: none; stroke-width: 2 } .calm { fill: #1a7f37 }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc } .page { fill: #0d1117 } .grid { stroke: #3d444d } .limit { stroke: #9198a1 }
.hurried { stroke: #f0883e } .patient { stroke: #58a6ff } .calm { fill: #3fb950 }
}`;

type Scale = (value: number) => string;

function both({ hurried, patient }: Lines, x: Scale, y: Scale): string {
  const path = (of: Sender, values: readonly number[]): string =>
    `<path class="${of}" d="M${values.map((value, second) => `${x(second + 0.5)} ${y(value)}`).join('L')}"/>`;
  return path('hurried', hurried) + path('patient', patient);
}

interface Panel {
  readonly at: 0 | 1 | 2;
  readonly title: string;
  readonly seconds: number;
  /** The largest value. */
  readonly top: number;
  readonly marked?: number;
}

function panel(
  { at, title, seconds, top, marked }: Panel,
  draw: (scales: { readonly x: Scale; readonly y: Scale }) => string,
): string {
  const bottom = TOP + at * (PANEL + GAP) + PANEL;
  const ceiling = rounded(top);
  const x: Scale = (second) => (LEFT + (second / seconds) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const y: Scale = (value) => (bottom - (value / ceiling) * PANEL).toFixed(1);
  const line = (value: number, of: string): string =>
    `<line class="${of}" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(value)}" y2="${y(value)}"/>`;
  const label = (value: number): string =>
    `<text x="${LEFT - 8}" y="${Number(y(value)) + 4}" text-anchor="end">${value}</text>`;
  const ticks = [0, ceiling / 2, ceiling].map((value) => line(value, 'grid') + label(value)).join('');
  const every = seconds > 60 ? 20 : 10;
  const times = Array.from({ length: Math.floor(seconds / every) + 1 }, (_, i) => i * every)
    .map((second) => `<text x="${x(second)}" y="${bottom + 18}" text-anchor="middle">${second}</text>`)
    .join('');
  const limit =
    marked === undefined
      ? ''
      : `${line(marked, 'limit')}<text x="${WIDTH - RIGHT}" y="${Number(y(marked)) - 5}" text-anchor="end">limit ${marked}/s</text>`;
  return `<text x="${LEFT}" y="${bottom - PANEL - 10}" font-weight="600">${title}</text>${ticks}${times}${limit}${draw({ x, y })}`;
}

/** The next 1, 2, 4 or 10 times a power of ten. */
function rounded(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return ([1, 2, 4, 10].find((step) => step * power >= value) ?? 10) * power;
}

const legend = (): string =>
  (
    [
      ['hurried', 'retries at once'],
      ['patient', 'obeys: push()'],
    ] as const
  )
    .map(
      ([sender, text], i) =>
        `<path class="${sender}" d="M${LEFT + i * 180} 20h28"/><text x="${LEFT + 36 + i * 180}" y="24">${text}</text>`,
    )
    .join('') +
  `<circle class="calm" cx="${LEFT + 372}" cy="20" r="3"/><text x="${LEFT + 384}" y="24">a third caller, now and then</text>`;
