import { html, type Html } from '../../core/html.ts';
import type { PastRun } from '../../store/inspect/stream-history.ts';
import { count, counted } from './numbers.ts';

const WIDTH = 720;
const HEIGHT = 160;
const FOOT = 12;

/** From the ground up. */
const layers = [
  { name: 'new', of: ({ fates }: PastRun) => fates.inserted + fates.updated + fates.deleted },
  { name: 'same', of: ({ fates }: PastRun) => fates.unchanged + fates.stale },
  { name: 'held', of: ({ fates }: PastRun) => fates.waiting + fates.quarantined },
] as const;

/**
 * Rows of each run by what became of them, and below each how it ended. It is for the eye only: the table that follows it holds the same.
 * `runs`: the oldest first.
 */
export function runsPlot(runs: readonly PastRun[]): Html {
  if (runs.length === 0) return html``;
  const most = Math.max(1, ...runs.map(({ fetched }) => fetched));
  const step = WIDTH / Math.max(runs.length, 12);
  const width = Math.max(2, step - 2);
  const bars = runs.map((run, n) => {
    let top = HEIGHT;
    const parts = layers.map(({ name, of }) => {
      const height = (of(run) / most) * (HEIGHT - 8);
      top -= height;
      return height === 0
        ? undefined
        : html`<rect
            class="rows-${name}"
            x="${place(n * step)}"
            y="${place(top)}"
            width="${place(width)}"
            height="${place(height)}"
          />`;
    });
    return html`<g
      ><title>${run.window}: ${count(run.fetched)} rows, ${run.outcome ?? 'running'}</title>${parts}<rect
        class="ended-${run.outcome ?? 'running'}"
        x="${place(n * step)}"
        y="${HEIGHT + 4}"
        width="${place(width)}"
        height="${FOOT - 4}"
    /></g>`;
  });
  return html`<figure>
    <svg aria-hidden="true" viewBox="0 0 ${WIDTH} ${HEIGHT + FOOT}" width="${WIDTH}" height="${HEIGHT + FOOT}">
      <line class="axis" x1="0" y1="${HEIGHT}" x2="${WIDTH}" y2="${HEIGHT}" />
      ${bars}
    </svg>
    <figcaption>
      Rows per run of the last ${counted(runs.length, 'run')}, the newest at the right; at most ${count(most)}.
      <span class="key rows-new">new, changed or deleted</span> <span class="key rows-same">known already</span>
      <span class="key rows-held">waiting or in quarantine</span>. The line below shows how each run ended.
    </figcaption>
  </figure>`;
}

const place = (n: number): string => String(Math.round(n * 10) / 10);
