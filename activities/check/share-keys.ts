import { explain } from '../../core/errors.ts';
import type { Position } from '../../core/page.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { includedNames, parentFields } from '../../definitions/mentions.ts';
import type { Asker, Look } from './asker.ts';
import { doubtful, none, unverified, verified, wrong, type Findings } from './findings.ts';
import { of } from './words.ts';

/**
 * Whether records of two parents share keys, as lines that are numbered anew in each order do. Each parent's would replace those of
 * the one before, in a run that adds up. Costs a request, unless the key itself names the parent.
 */
export async function compareParents(
  stream: CompiledStream,
  asker: Asker,
  { look, others }: { readonly look: Look; readonly others: readonly Position[] },
): Promise<Findings> {
  if (!mayShare(stream) || look.records.length === 0) return none;
  const [position] = others;
  if (position === undefined)
    return unverified(
      'keys',
      'there is only one parent, so the check could not see whether records of two parents share keys',
    );
  try {
    const other = await asker.ask(position, 1);
    if (other.page.refused !== undefined) return unseen(other.page.refused);
    return other.records.length === 0 ? unseen('another parent has no records') : judge(stream, look, other);
  } catch (error) {
    return unseen(explain(error));
  }
}

const unseen = (why: string): Findings =>
  unverified('keys', `whether records of two parents share keys was not seen: ${why}`);

function mayShare({ definition, keyColumns }: CompiledStream): boolean {
  const { parent, primaryKey, disposition } = definition;
  if (parent === undefined || keyColumns.length === 0 || disposition === 'append') return false;
  const included = Object.values(includedNames(definition));
  return !primaryKey.some((name) => included.includes(name));
}

function judge({ definition }: CompiledStream, look: Look, other: Look): Findings {
  const { primaryKey, parent } = definition;
  const key = primaryKey.join(', ');
  const known = new Map(look.records.map((record) => [record.key, record.hash]));
  const shared = other.records.filter((record) => known.has(record.key));
  const differing = shared.filter((record) => known.get(record.key) !== record.hash);
  if (shared.length === 0) return verified('keys', `records of two parents have different keys (${key})`);
  const fields = parentFields(definition);
  const names = fields.map((field) => `${parent?.stream}_${field}`.replaceAll('.', '_'));
  const include = fields.map((field, i) => `${field}: ${names[i]}`).join(', ');
  const cure = `Take the parent into records and key: parent: { …, include: { ${include} } } and primaryKey: [${[...names, ...primaryKey].join(', ')}]`;
  if (differing.length === 0)
    return doubtful(
      'parents-share-keys',
      `${of(shared.length, other.records.length, 'record')} of a second parent came for the first one, too: each is kept once, and of its parents nothing. Where that matters: ${cure}`,
    );
  return wrong(
    'parents-share-keys',
    `${of(differing.length, other.records.length, 'record')} of a second parent have the key (${key}) of a record of the first, and other values: only the last one of each key would be kept. ${cure}`,
  );
}
