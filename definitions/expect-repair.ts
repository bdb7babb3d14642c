import { InvalidInput } from '../core/errors.ts';
import type { FindingKind } from '../core/reconcile.ts';
import { compilePartner } from './compile.ts';
import { expectRepairable } from './expect-repairable.ts';
import { loadPartner, type LoadFrom } from './load.ts';

/** Throws InvalidInput where these findings of a reconciliation cannot be repaired, by what its stream's definition says now. */
export async function expectRepair(
  of: { readonly id: string; readonly partner: string; readonly stream: string; readonly state: string },
  kinds: readonly FindingKind[],
  { names, ...from }: Pick<LoadFrom, 'dir' | 'env'> & { readonly names: Parameters<typeof compilePartner>[1] },
): Promise<void> {
  if (of.state !== 'done')
    throw new InvalidInput(`${of.id} is ${of.state}: only what was looked at to its end can be repaired`);
  const streams = compilePartner(await loadPartner(of.partner, { ...from, forgiveMissing: true }), names);
  const stream = streams.get(of.stream);
  if (stream === undefined)
    throw new InvalidInput(
      `there is no stream ${JSON.stringify(of.stream)}: there are ${[...streams.keys()].join(', ')}`,
    );
  expectRepairable(stream, kinds);
}
