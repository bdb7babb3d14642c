import { InvalidInput } from '../core/errors.ts';
import { knowsDeletes } from '../core/landed-stream.ts';
import type { FindingKind } from '../core/reconcile.ts';
import type { CompiledStream } from './compiled.ts';

/** Throws InvalidInput where findings of these kinds cannot be repaired. */
export function expectRepairable(stream: CompiledStream, kinds: readonly FindingKind[]): void {
  const name = `stream ${stream.name} of ${stream.partner.name}`;
  if (kinds.includes('newer-in-store'))
    throw new InvalidInput(
      'newer-in-store cannot be repaired: an earlier version never takes the place of a later one',
    );
  if (stream.definition.disposition === 'replace')
    throw new InvalidInput(
      `${name} is a \`replace\`: \`syncline sync ${stream.partner.name} ${stream.name} --force\` reads all of it again`,
    );
  if (kinds.includes('extra') && !knowsDeletes(stream))
    throw new InvalidInput(
      `${name} says nothing of deletes: declare \`deletes\` in its definition, so that what is gone can go (docs/deletes.md)`,
    );
}
