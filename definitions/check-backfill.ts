import { InvalidInput } from '../core/errors.ts';
import type { CompiledStream } from './compiled.ts';
import { readsRanges } from './mentions.ts';

/** Only a stream that can be asked for a slice of time can be read window by window. */
export function checkBackfill({ partner, name, definition }: CompiledStream): void {
  const { incremental } = definition;
  const where = `${partner.name} streams.${name}.incremental`;
  if (incremental === undefined)
    throw new InvalidInput(
      `${where}: expected a field of time with start and end, found nothing, so the stream is read as a whole each time; \`syncline sync ${partner.name} ${name}\` does that, or add incremental if the partner can filter by time`,
    );
  if (!readsRanges(definition))
    throw new InvalidInput(
      `${where}.end: expected the parameter that ends a range of time, or {end} in a template, found nothing, so every window would be read to the present; add it if the partner has one, or read a range at once with \`syncline sync ${partner.name} ${name} --window 2025-01-01..2025-12-31\``,
    );
}
