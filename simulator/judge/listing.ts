import type { JudgeConfig } from './settings.ts';

/** The pages of a listing, as JSON. */
export interface Listing {
  /** Pages count from 1; one that is not there is empty and the last. */
  page(stream: string, page: number, size: number): Buffer;
}

const MAX_RENDERED_ROWS = 200_000;

/** `{"data":[{"id","v"}…],"next":2}`. The pages of the usual size are made beforehand, as far as memory should go. */
export function createListing(settings: Pick<JudgeConfig, 'streams' | 'pages' | 'size'>): Listing {
  const pagesOf = (stream: string): number => settings.streams[stream]?.pages ?? settings.pages;
  const rendered = new Map<string, readonly Buffer[]>();
  let rows = 0;
  for (const [stream, { pages }] of Object.entries(settings.streams)) {
    rows += pages * settings.size;
    if (rows > MAX_RENDERED_ROWS) break;
    rendered.set(
      stream,
      Array.from({ length: pages }, (_, index) => render(stream, index + 1, settings.size, pages)),
    );
  }
  return {
    page(stream, page, size) {
      const ready = size === settings.size ? rendered.get(stream)?.[page - 1] : undefined;
      return ready ?? render(stream, page, size, pagesOf(stream));
    },
  };
}

function render(stream: string, page: number, size: number, pages: number): Buffer {
  const first = (page - 1) * size;
  const data = page > pages ? [] : Array.from({ length: size }, (_, at) => ({ id: `${stream}-${first + at}`, v: at }));
  return Buffer.from(JSON.stringify({ data, next: page < pages ? page + 1 : null }));
}
