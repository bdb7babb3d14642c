import type { ClientBase } from 'pg';
import { knowsDeletes } from '../core/landed-stream.ts';
import { needId, type Need } from '../core/need.ts';
import type { CompiledStream, Relations } from '../definitions/compiled.ts';
import { knownGraves } from '../store/log/tombstones.ts';
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
    const present = await presentValues(client, { stream, columns, values });
    const gone = values.filter((value) => !present.has(value));
    // By its key a record is known after it has gone, too: otherwise it would count whether its delete or who needs it came first.
    const known = field === '' && knowsDeletes(stream) ? await knownGraves(client, { stream, keys: gone }) : [];
    for (const value of [...present, ...known]) there.add(needId({ stream: name, field, value }));
  }
  return there;
}

/** undefined: what waits may need a stream that the definition has no longer. */
function neededStream(relations: Relations, name: string): CompiledStream | undefined {
  return relations.has(name) ? relations.stream(name) : undefined;
}
