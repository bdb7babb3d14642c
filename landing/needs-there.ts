import type { ClientBase } from 'pg';
import { needId, type Need } from '../core/need.ts';
import type { CompiledStream, Relations } from '../definitions/compiled.ts';
import { presentValues } from '../targets/postgres/present.ts';

/** Which of these needs the tables have, by their ids. Call it under the lock of the stream that needs them. */
export async function needsThere(
  client: ClientBase,
  relations: Relations,
  needs: readonly Need[],
): Promise<ReadonlySet<string>> {
  const places = new Map<string, { readonly stream: string; readonly field: string; readonly values: string[] }>();
  for (const { stream, field, value } of needs) {
    const place = places.get(`${stream} ${field}`) ?? { stream, field, values: [] };
    place.values.push(value);
    places.set(`${stream} ${field}`, place);
  }
  const there = new Set<string>();
  for (const { stream: name, field, values } of places.values()) {
    const stream = neededStream(relations, name);
    const columns = stream?.relations?.offers.find((offer) => offer.field === field)?.columns ?? [];
    if (stream === undefined) continue;
    for (const value of await presentValues(client, { stream, columns, values }))
      there.add(needId({ stream: name, field, value }));
  }
  return there;
}

/** undefined: what waits may need a stream that the definition has no longer. */
function neededStream(relations: Relations, name: string): CompiledStream | undefined {
  return relations.has(name) ? relations.stream(name) : undefined;
}
