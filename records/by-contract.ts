import type { CompiledStream, Mismatch } from '../definitions/compiled.ts';
import { contractOf, type Contract, type Policy } from '../definitions/contract.ts';

/** undefined: the schema alone says what lands. */
export function contractFor({ definition }: CompiledStream): Contract | undefined {
  const contract = contractOf(definition.onMismatch);
  return contract.newFields === 'evolve' && !Object.values(contract.fields).includes('evolve') ? undefined : contract;
}

/** Checks a record by the schema and by what the contract says of single fields. `besides` gains those that have no place in their columns. */
export function takeByContract(
  stream: CompiledStream,
  { contract, besides }: { readonly contract: Contract; readonly besides: Set<string> },
  record: unknown,
): ReturnType<CompiledStream['parse']> {
  if (contract.newFields !== 'evolve' && typeof record === 'object' && record !== null)
    for (const name in record)
      if (!stream.known.has(name))
        return { mismatch: { path: name, reason: 'expected no such field: the contract takes no new ones' } };
  for (let left: unknown = record; ;) {
    const parsed = stream.parse(left);
    if (!('mismatch' in parsed)) return parsed;
    const field = fieldOf(parsed.mismatch);
    if (!mayChange(contract, field) || besides.has(field)) return parsed;
    besides.add(field);
    const { [field]: _misfit, ...others } = left as Record<string, unknown>;
    left = others;
  }
}

/** Whether a value of the field that does not fit is kept in `_extra`. */
export const mayChange = ({ fields }: Contract, field: string): boolean =>
  Object.hasOwn(fields, field) && fields[field] === 'evolve';

/** Whether what does not fit there stops the stream. */
export const stops = (stream: CompiledStream, { path }: Pick<Mismatch, 'path'>): boolean =>
  policyOf(contractOf(stream.definition.onMismatch), stream, fieldOf({ path })) === 'freeze';

function policyOf(contract: Contract, { known }: CompiledStream, field: string): Policy {
  if (Object.hasOwn(contract.fields, field)) return contract.fields[field] as Policy;
  return field !== '' && !known.has(field) && contract.newFields !== 'evolve' ? contract.newFields : contract.default;
}

const fieldOf = ({ path }: Pick<Mismatch, 'path'>): string => path.split('.')[0] ?? '';
