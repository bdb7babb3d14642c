import { InvalidInput } from '../core/errors.ts';
import type { ReconcileLevel } from '../core/reconcile.ts';
import type { CompiledStream } from './compiled.ts';
import { isPushOnly } from './push.ts';

/** Throws InvalidInput where a stream cannot be compared with its partner in this way. */
export function expectComparable(
  stream: CompiledStream,
  { level, range }: { readonly level: ReconcileLevel; readonly range: object | null },
): void {
  const name = `stream ${stream.name} of ${stream.partner.name}`;
  if (isPushOnly(stream.definition))
    throw new InvalidInput(`${name} has no path: its records are only pushed, and there is nothing to compare with`);
  if (stream.keyColumns.length === 0)
    throw new InvalidInput(
      `${name} has no primaryKey: without keys its records cannot be compared with those of the partner`,
    );
  if (range !== null && stream.definition.incremental === undefined)
    throw new InvalidInput(`${name} is not incremental: it cannot be asked for a window, leave out --from and --to`);
  if (range !== null && level === 'counts')
    throw new InvalidInput('--level counts compares whole streams: leave out --from and --to');
}
