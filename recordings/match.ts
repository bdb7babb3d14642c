import type { Exchange } from './recording.ts';
import { ANY } from './timeless-path.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: readonly (readonly [string, string])[];
  readonly body: string | null;
  /** Headers, by their lower-case names. */
  readonly sent?: Readonly<Record<string, string>> | undefined;
}

/**
 * The exchange that a request is answered with. A parameter or header counts where the answers recorded for that path were told apart by it, such as a cursor; one
 * that was the same in all of them, such as a time to read from, may have any value, and others are ignored, as partners do. undefined: nothing was
 * recorded for it.
 */
export function matcher(exchanges: readonly Exchange[]): (asked: Asked) => Exchange | undefined {
  const places = new Map<string, Place>();
  for (const exchange of exchanges) {
    const id = `${exchange.method} ${exchange.path}`;
    const place = places.get(id) ?? { exchanges: [], telling: [] };
    places.set(id, { ...place, exchanges: [...place.exchanges, { exchange, said: saidBy(exchange) }] });
  }
  for (const [id, place] of places) places.set(id, { ...place, telling: tellingOf(place.exchanges) });
  const patterns = [...places]
    .filter(([id]) => id.includes(ANY))
    .map(([id, place]) => ({ like: patternOf(id), place }));
  return (asked) => {
    const id = `${asked.method} ${asked.path}`;
    const place = places.get(id) ?? patterns.find(({ like }) => like.test(id))?.place;
    if (place === undefined) return undefined;
    const said = saidBy(asked);
    return place.exchanges.find((each) => place.telling.every((name) => each.said.get(name) === said.get(name)))
      ?.exchange;
  };
}

/** `{any}` stands for one part of a path. */
function patternOf(id: string): RegExp {
  const parts = id.split(ANY).map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('[^/]+')}$`);
}

interface Place {
  readonly exchanges: readonly { readonly exchange: Exchange; readonly said: ReadonlyMap<string, string> }[];
  /** Names of the parameters that tell its exchanges apart. */
  readonly telling: readonly string[];
}

function tellingOf(exchanges: Place['exchanges']): readonly string[] {
  const names = new Set(exchanges.flatMap(({ said }) => [...said.keys()]));
  return [...names].filter((name) => new Set(exchanges.map(({ said }) => said.get(name))).size > 1);
}

/** What a request says: parameters of its query, headers, and values of its body by their place in it. */
function saidBy({ query, body, sent = {} }: Pick<Asked, 'query' | 'body' | 'sent'>): ReadonlyMap<string, string> {
  const said = new Map<string, string>();
  for (const [name, value] of query)
    said.set(`?${name}`, said.has(`?${name}`) ? `${said.get(`?${name}`)},${value}` : value);
  for (const [name, value] of Object.entries(sent)) said.set(`#${name}`, value);
  if (body !== null && body !== '') note(said, '', parsed(body));
  return said;
}

function note(said: Map<string, string>, place: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) said.set(place, JSON.stringify(value));
  else for (const [name, inner] of Object.entries(value)) note(said, `${place}/${name}`, inner);
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
