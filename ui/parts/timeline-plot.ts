import { waitSides, waitWords, type WaitSide } from '../../core/grant-waits.ts';
import { formatDuration } from '../../core/duration.ts';
import { html, type Html } from '../../core/html.ts';
import type { LongWait } from '../../store/inspect/run-grants.ts';
import type { StreamTimeline } from '../../store/inspect/run-timeline.ts';
import { second } from './times.ts';

const WIDTH = 860;
/** For the names at the left, of which the beginning has to do. */
const NAMES = 140;
const MOST_LETTERS = 20;
const ROW = 18;
const HEIGHT = ROW - 6;
const MOST = 40;

interface Plotted {
  readonly timeline: readonly StreamTimeline[];
  /** The longest of all streams. */
  readonly waits: readonly LongWait[];
}

/** When each stream was read, and what it waited for meanwhile. Screen readers are told the sum of it; the tables that follow hold the same. */
export function timelinePlot({ timeline, waits }: Plotted, at: string): Html | undefined {
  const shown = timeline.slice(0, MOST);
  if (shown.length === 0) return undefined;
  const names = new Set(shown.map(({ stream }) => stream));
  const seen = waits.filter(({ stream }) => names.has(stream));
  const begin = Math.min(
    ...shown.map(({ startedAt }) => Date.parse(startedAt)),
    ...seen.map(({ from }) => Date.parse(from)),
  );
  const end = Math.max(...shown.map(({ finishedAt }) => Date.parse(finishedAt ?? at)), begin + 1000);
  const x = (ms: number): number =>
    NAMES + Math.round(((Math.min(ms, end) - begin) / (end - begin)) * (WIDTH - NAMES) * 10) / 10;
  const bar = (className: string, y: number, { from, to, height = HEIGHT }: Bar): Html =>
    html`<rect
      class="${className}"
      x="${x(from)}"
      y="${y}"
      width="${Math.max(2, Math.round((x(to) - x(from)) * 10) / 10)}"
      height="${height}"
    />`;
  const waitOf = ({ reason, within, from, ms }: LongWait, y: number): Html => {
    const height = within ? HEIGHT / 2 : HEIGHT;
    const fromMs = Date.parse(from);
    return bar(`waited-${waitSides[reason]}`, y + HEIGHT - height, { from: fromMs, to: fromMs + ms, height });
  };
  const known = waits.length > 0;
  return html`<figure>
    <svg
      role="img"
      aria-label="${spoken(shown, waits, at)}"
      viewBox="0 0 ${WIDTH} ${shown.length * ROW}"
      width="${WIDTH}"
      height="${shown.length * ROW}"
    >
      ${shown.map(({ stream, startedAt, finishedAt, breaks }, n) => {
        const y = n * ROW + 3;
        return html`<g
          >${bar('lasted', y, { from: Date.parse(startedAt), to: Date.parse(finishedAt ?? at) })}${
            known
              ? seen.filter((wait) => wait.stream === stream).map((wait) => waitOf(wait, y))
              : breaks.map(({ from, ms }) => bar('waited', y, { from: Date.parse(from), to: Date.parse(from) + ms }))
          }<text x="0" y="${y + ROW - 9}">${shortened(stream)}</text></g
        >`;
      })}
    </svg>
    <figcaption>
      ${second(new Date(begin).toISOString())} to ${second(new Date(end).toISOString())} UTC, a bar per stream.
      <span class="key lasted">goes on</span>
      ${
        known
          ? html`${sides.map(([side, name]) => html`<span class="key waited-${side}">${name}</span> `)}<br />Half as
              high: waits of single requests within a grant, put together at its beginning.`
          : html`<span class="key waited">nothing is fetched: it waits, or is tried again</span>`
      }
    </figcaption>
  </figure>`;
}

const shortened = (name: string): string => (name.length > MOST_LETTERS ? `${name.slice(0, MOST_LETTERS - 1)}…` : name);

interface Bar {
  /** Epoch ms. */
  readonly from: number;
  readonly to: number;
  readonly height?: number;
}

const sides: readonly (readonly [WaitSide, string])[] = [
  ['limit', 'waits for a limit'],
  ['partner', 'for the partner'],
  ['person', 'for a person'],
  ['own', 'for a worker, or the next attempt'],
];

/** What the picture says, in a sentence for each of the first streams. */
function spoken(shown: readonly StreamTimeline[], waits: readonly LongWait[], at: string): string {
  const told = shown.slice(0, 6).map(({ stream, startedAt, finishedAt }) => {
    const lasted = formatDuration(Math.max(0, Date.parse(finishedAt ?? at) - Date.parse(startedAt)));
    const longest = waits.find((wait) => wait.stream === stream);
    const waited =
      longest === undefined
        ? ''
        : `, and waited longest for ${waitWords[longest.reason]}: ${formatDuration(longest.ms)}`;
    return `${stream} ${finishedAt === null ? 'has gone on for' : 'took'} ${lasted}${waited}`;
  });
  const left = shown.length - told.length;
  return `${told.join('. ')}.${left > 0 ? ` And ${left} more streams.` : ''}`;
}
