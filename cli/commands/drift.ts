import type { MadeColumn } from '../../core/made-column.ts';
import { visible } from '../../core/visible.ts';
import { compilePartner } from '../../definitions/compile.ts';
import { withMade } from '../../landing/made-columns.ts';
import { readDrift, type Drift, type SeenField } from '../../landing/read-drift.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { loadWhole } from '../load-whole.ts';
import { streamNamed } from '../stream-named.ts';

interface DriftContext extends CommandContext {
  readonly partner: string;
  readonly stream: string | undefined;
}

/** Tells what came that the definition does not name, or names otherwise. */
export async function drift({ config, output, partner: name, stream }: DriftContext): Promise<number> {
  const { partner } = await loadWhole(name, { dir: config.partnersDir, env: config.env });
  const all = compilePartner(partner, config.names);
  const named = stream === undefined ? [...all.values()] : [streamNamed(all, stream)];
  return withDatabase(config, async (pool) => {
    const chosen = await Promise.all(named.map((each) => withMade(pool, each)));
    const found: Drift[] = [];
    for (const each of chosen) found.push(await readDrift(pool, each));
    output.json({ partner: name, streams: found });
    for (const each of found) for (const line of driftLines(name, each)) output.say(line);
    return exitCodes.ok;
  });
}

function driftLines(partner: string, { stream, table, made, unnamed, unfit }: Drift): readonly string[] {
  const lines = [`${partner}.${stream} (${table})`];
  for (const { field, type } of made)
    lines.push(
      `  ${visible(field)}: got a column automatically, of the type ${type}. To have it in the schema: \`${madeProperty(field, type)}\``,
    );
  for (const field of unnamed)
    lines.push(
      `  ${visible(field.field)}: in ${count(field.rows, 'row')}, last ${field.lastAt}, and no column${field.why === undefined ? '' : ` (${visible(field.why)})`}: ${saidTypes(field)}${field.why === undefined ? `. To have one: \`${propertyOf(field)}\`` : ''}`,
    );
  for (const { path, reason, records, lastAt } of unfit)
    lines.push(
      `  ${path === '' ? 'the record itself' : visible(path)}: ${visible(reason)}; ${count(records, 'record')} in quarantine, last ${lastAt}`,
    );
  if (lines.length === 1) lines.push('  nothing that the definition does not know');
  return lines;
}

const count = (n: number, what: string): string => `${n.toLocaleString('en-US')} ${what}${n === 1 ? '' : 's'}`;

const saidTypes = ({ types }: SeenField): string =>
  Object.entries(types)
    .toSorted(([, a], [, b]) => b - a)
    .map(([type, rows]) => `${type} ${rows.toLocaleString('en-US')}`)
    .join(', ');

/** A line of YAML for `properties`. */
function propertyOf({ field, types }: SeenField): string {
  const names = Object.keys(types).filter((type) => type !== 'null');
  const plain = yamlName(field);
  const [only, ...others] = names;
  if (only === undefined || others.length > 0) return `${visible(plain)}: {}`;
  return `${visible(plain)}: { type: ${'null' in types ? `[${only}, 'null']` : only} }`;
}

const yamlName = (field: string): string => (/^[A-Za-z_][\w-]*$/.test(field) ? field : JSON.stringify(field));

const jsonTypes = { text: 'string', number: 'number', boolean: 'boolean' } as const;

const madeProperty = (field: string, type: MadeColumn['type']): string =>
  `${visible(yamlName(field))}: ${type === 'json' ? '{}' : `{ type: [${jsonTypes[type]}, 'null'] }`}`;
