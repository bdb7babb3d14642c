import { sampleStream, type FailedSample, type Sample } from '../../activities/sample-stream.ts';
import { explain, InvalidInput } from '../../core/errors.ts';
import { compilePartner } from '../../definitions/compile.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { Auth, Partner } from '../../definitions/definition.ts';
import { listPartners, loadPartner, type LoadFrom } from '../../definitions/load.ts';
import { checkNamedTargets } from '../../definitions/named-targets.ts';
import { schemaYaml } from '../../definitions/suggest-schema.ts';
import { secretFor, secretsOf } from '../../definitions/secrets.ts';
import type { TokenStore } from '../../core/token-store.ts';
import { tokensOf } from '../../workers/tokens-of.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { describeLimits } from '../describe-limits.ts';
import { exitCodes } from '../exit.ts';
import type { Output } from '../output.ts';

export async function partnersList({ config, output }: CommandContext): Promise<number> {
  const rows = [];
  for (const name of await listPartners(config.partnersDir)) {
    const loaded = await loadWhole(name, { dir: config.partnersDir, env: config.env }).catch((error: unknown) => error);
    rows.push(
      isPartner(loaded)
        ? { partner: name, state: 'fits', streams: Object.keys(loaded.streams).join(', '), baseUrl: loaded.baseUrl }
        : { partner: name, state: 'broken', streams: '', baseUrl: '', problem: explain(loaded) },
    );
  }
  output.json(rows);
  if (rows.length === 0)
    output.say(`No partner in ${config.partnersDir} yet: docs/definitions.md shows how to write one.`);
  else output.table(rows, ['partner', 'state', 'streams', 'baseUrl']);
  for (const row of rows) if ('problem' in row) output.say(`\n${row.problem}`);
  return rows.some((row) => row.state === 'broken') ? exitCodes.failed : exitCodes.ok;
}

/** With the targets that it names. */
async function loadWhole(name: string, from: LoadFrom): Promise<Partner> {
  const partner = await loadPartner(name, from);
  await checkNamedTargets(partner, from);
  return partner;
}

const isPartner = (value: unknown): value is Partner =>
  typeof value === 'object' && value !== null && 'streams' in value;

interface CheckContext extends CommandContext<{ offline?: boolean; stream?: string; suggestSchema?: boolean }> {
  readonly name: string;
}

/** Checks the definition, then asks each stream for its first page and shows what came, typed. Nothing is written. */
export async function partnersCheck({ config, output, options, name }: CheckContext): Promise<number> {
  if (options.offline === true && options.suggestSchema === true)
    throw new InvalidInput('--suggest-schema needs records: leave --offline out');
  const partner = await loadWhole(name, { dir: config.partnersDir, env: config.env });
  const all = compilePartner(partner, config.names);
  const chosen = options.stream === undefined ? [...all.values()] : [streamNamed(all, options.stream)];
  output.say(`The definition of ${name} holds: ${[...all.keys()].join(', ')}.`);
  if (options.offline === true) {
    output.json({ partner: name, streams: chosen.map(describe) });
    return exitCodes.ok;
  }
  const secret = secretFor(secretsOf(config.env));
  const sample = async (tokens?: (of: Partner) => TokenStore): Promise<(Sample | FailedSample)[]> => {
    const results: (Sample | FailedSample)[] = [];
    for (const stream of chosen)
      results.push(await sampleStream(stream, { streams: all, nowMs: Date.now(), secret, tokens, env: config.env }));
    return results;
  };
  const shares = config.databaseUrl !== undefined && [...all.values()].some((stream) => rotates(stream.partner.auth));
  const results = shares ? await withDatabase(config, (pool) => sample((of) => tokensOf(pool, of))) : await sample();
  output.json({ partner: name, streams: results });
  for (const result of results) print(output, result, options);
  return results.some((result) => 'error' in result || result.rejected.length > 0) ? exitCodes.failed : exitCodes.ok;
}

/** A refresh token that is used twice locks everybody out, so the workers' own is used. */
const rotates = (auth: Auth): boolean =>
  typeof auth !== 'function' && auth.type === 'oauth2' && auth.grant !== 'client_credentials';

const cureOf = (reason: string): string =>
  reason.endsWith(', found null') ? "; where it may be empty, its type is a list with 'null'" : '';

const rejectedOf = ({ rejected }: Sample): number => rejected.reduce((sum, { count }) => sum + count, 0);

function streamNamed(all: ReadonlyMap<string, CompiledStream>, name: string): CompiledStream {
  const stream = all.get(name);
  if (stream === undefined)
    throw new InvalidInput(`there is no stream ${JSON.stringify(name)}: there are ${[...all.keys()].join(', ')}`);
  return stream;
}

const describe = (stream: CompiledStream): object => ({
  stream: stream.name,
  table: `${stream.schema}.${stream.table}`,
  columns: stream.columns.map(({ name, type }) => ({ name, type })),
});

function print(output: Output, result: Sample | FailedSample, { suggestSchema }: CheckContext['options']): void {
  output.say(`\n${result.stream}`);
  if ('error' in result) {
    if (result.request !== null) output.say(`  ${result.request}`);
    output.say(`  failed: ${result.error}`);
    return;
  }
  output.say(
    `  ${result.request} answered ${result.status} in ${result.durationMs} ms: ${result.records} records, ${result.bytes.toLocaleString('en-US')} bytes`,
  );
  output.say(
    `  next page: ${result.hasNext ? 'yes' : 'none'}${result.total === null ? '' : `; the partner says ${result.total} in all`}`,
  );
  for (const line of result.learnt) output.say(`  ${line}`);
  for (const line of describeLimits(result.limits)) output.say(`  ${line}`);
  for (const { path, reason, count } of result.rejected)
    output.say(`  does not fit: ${path || '(the record)'}: ${reason} (${count} of ${result.records})${cureOf(reason)}`);
  if (result.unknownFields.length > 0)
    output.say(
      `  not in the schema, goes to _extra: ${result.unknownFields.join(', ')}${suggestSchema === true ? '' : ' (--suggest-schema writes one for all that came)'}`,
    );
  for (const hint of result.hints) output.say(`  note: ${hint}`);
  output.table(
    result.columns.map(({ name, type, samples, empty }) => ({
      column: name,
      type,
      samples: samples.join('   '),
      null: empty === 0 ? '' : `${empty} of ${result.records - rejectedOf(result)}`,
    })),
    ['column', 'type', 'samples', 'null'],
  );
  if (suggestSchema !== true) return;
  if (result.records === 0) return output.say('  no schema to suggest: there were no records');
  output.say(
    `\n  of ${result.records} records, for ${result.stream}; look at types and required fields before you use it:\n`,
  );
  for (const line of schemaYaml(result.suggestedSchema).trimEnd().split('\n')) output.say(`    ${line}`);
}
