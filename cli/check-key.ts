import { InvalidInput } from '../core/errors.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { tryKey, type TriedKey } from '../landing/try-key.ts';
import type { CommandContext } from './command.ts';
import { withDatabase } from './context.ts';
import { exitCodes } from './exit.ts';
import { streamNamed } from './stream-named.ts';

/** `partners check NAME --key contacts=customer_no`: what that key would have made of all that was received. */
export async function checkKey(
  { config, output }: Pick<CommandContext, 'config' | 'output'>,
  {
    partner,
    streams,
    key,
  }: { readonly partner: string; readonly streams: ReadonlyMap<string, CompiledStream>; readonly key: string },
): Promise<number> {
  const [, name, list] = /^([^=]+)=(.+)$/.exec(key) ?? [];
  if (name === undefined || list === undefined)
    throw new InvalidInput(
      `--key: expected a stream and fields such as contacts=customer_no, found ${JSON.stringify(key)}`,
    );
  const stream = streamNamed(streams, name);
  const fields = list.split(',').map((field) => field.trim());
  const tried = await withDatabase(config, (pool) => tryKey(pool, { stream, fields }));
  output.json({ partner, tried });
  for (const line of triedLines(tried, stream)) output.say(line);
  return tried.missing > 0 || tried.split > 0 ? exitCodes.partial : exitCodes.ok;
}

function* triedLines(
  { fields, records, rowsNow, rowsThen, missing, merged, split }: TriedKey,
  { definition, name, partner }: CompiledStream,
): Generator<string> {
  const [now, then] = [definition.primaryKey.join(', '), fields.join(', ')];
  yield `${name}: the log has ${records} records. By [${now}] they are ${rowsNow} rows, by [${then}] they would be ${rowsThen}.`;
  if (merged > 0) yield `${merged} rows of then are several rows now.`;
  if (missing > 0) yield `${missing} records have no value in ${then}: they would go to quarantine.`;
  if (split > 0) yield `${split} rows of now would become several: ${then} changes in a record that keeps its key.`;
  if (missing === 0 && split === 0)
    yield `Nothing speaks against it. Write \`primaryKey: [${then}]\` and drop the table: \`syncline rebuild ${partner.name} ${name}\` makes it anew from the log.`;
}
