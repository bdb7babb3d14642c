import { InvalidInput } from '../core/errors.ts';
import type { ReconcileLevel } from '../core/reconcile.ts';
import type { CompiledFetch, CompiledStream } from './compiled.ts';
import { isPushOnly } from './push.ts';

export interface HowCompared {
  readonly level: ReconcileLevel;
  readonly range: object | null;
  readonly sample: number | null;
}

/** Throws InvalidInput where a stream cannot be compared with its partner in this way. */
export function expectComparable(stream: CompiledStream, { level, range, sample }: HowCompared): void {
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
  if (sample !== null && (range !== null || level === 'counts'))
    throw new InvalidInput(
      '--sample draws from the whole stream and compares records: leave out --from, --to and --level counts',
    );
}

/** Throws InvalidInput where nothing says how one record is asked for. */
export function expectFetchable(stream: CompiledStream, fetch: CompiledFetch | undefined): void {
  if (fetch === undefined)
    throw new InvalidInput(
      `no definition says how a record of ${stream.partner.name} ${stream.name} is asked for by its key: a stream that \`requires\` it with \`fetch\` ` +
        '(docs/waiting.md), or a webhook with `as: hint` (docs/webhooks.md)',
    );
}
