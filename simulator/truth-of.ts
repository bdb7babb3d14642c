import type { StreamName } from './records.ts';
import type { World } from './world.ts';

/** The records at these indexes as JSON texts, one by one. */
export function* truthOf(world: World, stream: StreamName, indexes: Iterable<number>): Iterable<string> {
  for (const index of indexes) yield JSON.stringify(world.row(stream, index));
}
