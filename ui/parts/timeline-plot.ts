import { html, type Html } from '../../core/html.ts';
import type { StreamTimeline } from '../../store/inspect/run-timeline.ts';
import { minute } from './times.ts';

const WIDTH = 720;
const ROW = 18;
const MOST = 40;

/** When each stream was read, with the breaks in it. For the eye only: the tables that follow hold the same. */
export function timelinePlot(timeline: readonly StreamTimeline[], at: string): Html | undefined {
  const shown = timeline.slice(0, MOST);
  if (shown.length === 0) return undefined;
  const begin = Math.min(...shown.map(({ startedAt }) => Date.parse(startedAt)));
  const end = Math.max(...shown.map(({ finishedAt }) => Date.parse(finishedAt ?? at)), begin + 1000);
  const x = (ms: number): number => Math.round(((ms - begin) / (end - begin)) * WIDTH * 10) / 10;
  const bar = (className: string, y: number, from: number, to: number): Html =>
    html`<rect
      class="${className}"
      x="${x(from)}"
      y="${y}"
      width="${Math.max(2, Math.round((x(to) - x(from)) * 10) / 10)}"
      height="${ROW - 6}"
    />`;
  return html`<figure>
    <svg
      aria-hidden="true"
      viewBox="0 0 ${WIDTH} ${shown.length * ROW}"
      width="${WIDTH}"
      height="${shown.length * ROW}"
    >
      ${shown.map(({ stream, startedAt, finishedAt, breaks }, n) => {
        const y = n * ROW + 3;
        return html`<g
          ><title>${stream}</title
          >${bar('lasted', y, Date.parse(startedAt), Date.parse(finishedAt ?? at))}${breaks.map(({ from, ms }) => bar('waited', y, Date.parse(from), Date.parse(from) + ms))}<text
            x="4"
            y="${y + ROW - 9}"
            >${stream}</text
          ></g
        >`;
      })}
    </svg>
    <figcaption>
      ${minute(new Date(begin).toISOString())} to ${minute(new Date(end).toISOString())}, a bar per stream.
      <span class="key lasted">goes on</span>
      <span class="key waited">nothing is fetched: it waits, or is tried again</span>
    </figcaption>
  </figure>`;
}
