import type { StreamDefinition } from './definition.ts';
import type { Path, Problem } from './problem.ts';

/** A rule that could never remove a line was meant otherwise. One of the partner's is passed over by such streams. */
export function checkKeep({ keep, disposition, primaryKey, history }: StreamDefinition, path: Path): Problem[] {
  if (keep?.log === undefined) return [];
  if (disposition === 'append' || (disposition === 'merge' && primaryKey.length === 0))
    return [{ path, says: 'every event is a row of the table here, so none may go: leave `keep.log` out' }];
  if (history !== undefined && history !== false && !keep.log.underHistory)
    return [
      {
        path,
        says: 'the history is made of these events: leave `keep.log` out, or write `underHistory: true` if it need never be made anew with all its versions',
      },
    ];
  return [];
}
