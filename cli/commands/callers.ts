import { listPartners } from '../../definitions/find.ts';
import { readAudit } from '../../store/callers/audit.ts';
import { addCaller, changeCaller, revokeCaller, type CallerTerms } from '../../store/callers/change-callers.ts';
import { readBlocks } from '../../store/callers/blocks.ts';
import { revokeKey, rotateKey } from '../../store/callers/keys.ts';
import { listCallers } from '../../store/callers/list-callers.ts';
import { InvalidInput } from '../../core/errors.ts';
import { callerLines, limitWords, minute, stateWords } from '../caller-lines.ts';
import {
  callerName,
  fingerprintOf,
  limitsOf,
  networksOf,
  scopesOf,
  tierOf,
  timeOf,
  type LimitOptions,
} from '../caller-options.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { givenReason, whoami } from '../person.ts';

const SHOWN_CHANGES = 10;

type Named<O = object> = CommandContext<O & { readonly reason: string }> & { readonly name: string };

export const personOf = (options: { readonly reason: string }): { readonly by: string; readonly reason: string } => ({
  by: whoami(),
  reason: givenReason(options.reason),
});

export interface AddOptions extends LimitOptions {
  readonly scope: readonly string[];
  readonly tier: string;
  readonly address?: readonly string[];
  readonly certificate?: string;
}

export async function callersAdd({ config, output, options, name }: Named<AddOptions>): Promise<number> {
  const caller = {
    id: callerName(name),
    tier: tierOf(options.tier),
    scopes: scopesOf(options.scope),
    addresses: options.address === undefined ? null : networksOf(options.address),
    certificate: options.certificate === undefined ? null : fingerprintOf(options.certificate),
    limits: limitsOf(options),
  };
  const person = personOf(options);
  const key = await withDatabase(config, (pool) => addCaller(pool, caller, person));
  output.json({ ...caller, key });
  output.say(`Added: ${name} (${caller.tier}) may push to ${caller.scopes.join(', ')}.`);
  sayKey(output, key);
  await sayUndefined({ config, output }, caller.scopes);
  return exitCodes.ok;
}

function sayKey(output: CommandContext['output'], key: string): void {
  output.say(`Its key, which is shown this once and kept nowhere:\n  ${key}`);
  output.say('The caller sends it as `Authorization: Bearer KEY`; every process knows it after two seconds.');
}

/** A scope may be given before there is a definition. */
async function sayUndefined(
  { config, output }: Pick<CommandContext, 'config' | 'output'>,
  scopes: readonly string[],
): Promise<void> {
  const defined = await listPartners(config.partnersDir).catch((): readonly string[] => []);
  const partners = [...new Set(scopes.map((scope) => scope.split('/')[0] as string))];
  for (const partner of partners.filter((one) => !defined.includes(one)))
    output.say(`CAUTION: ${config.partnersDir} has no definition of ${partner}.`);
}

export async function callersList(
  context: CommandContext<{ readonly all?: boolean }> & { readonly name: string | undefined },
): Promise<number> {
  const { config, output, options, name } = context;
  return withDatabase(config, async (pool) => {
    const id = name === undefined ? undefined : callerName(name);
    const callers = await listCallers(pool, { id, all: id !== undefined || options.all === true });
    const [only] = callers;
    if (id !== undefined) {
      if (only === undefined) throw new InvalidInput(`there is no caller ${id}: \`syncline callers list\` shows all`);
      const changes = await readAudit(pool, { kind: 'caller', subject: id }, SHOWN_CHANGES);
      output.json({ ...only, changes });
      for (const line of callerLines(only, changes)) output.say(line);
      return exitCodes.ok;
    }
    const sources = (await readBlocks(pool)).filter(({ kind }) => kind === 'address');
    output.json({ callers, sources });
    if (only === undefined) output.say('Nobody may push: `syncline callers add` adds a caller.');
    else
      output.table(
        callers.map((caller) => ({
          caller: caller.id,
          tier: caller.tier,
          scopes: caller.scopes.join(', '),
          limits: limitWords(caller.limits),
          today: caller.usedToday,
          keys: caller.keys.length,
          state: stateWords(caller),
        })),
        ['caller', 'tier', 'scopes', 'limits', 'today', 'keys', 'state'],
      );
    for (const { subject, cause, by, until } of sources)
      output.say(
        `Blocked: ${subject} by ${by ?? 'Syncline'}: ${cause}${until === null ? '' : `, until ${minute(until)}`}`,
      );
    return exitCodes.ok;
  });
}

export interface ChangeOptions {
  readonly scope?: readonly string[];
  readonly tier?: string;
  /** False: from anywhere. */
  readonly address?: readonly string[] | false;
  /** False: none is needed. */
  readonly certificate?: string | false;
}

export async function callersChange({ config, output, options, name }: Named<ChangeOptions>): Promise<number> {
  const { scope, tier, address, certificate } = options;
  const terms: Partial<CallerTerms> = {
    ...(tier === undefined ? {} : { tier: tierOf(tier) }),
    ...(scope === undefined ? {} : { scopes: scopesOf(scope) }),
    ...(address === undefined ? {} : { addresses: address === false ? null : networksOf(address) }),
    ...(certificate === undefined ? {} : { certificate: certificate === false ? null : fingerprintOf(certificate) }),
  };
  if (Object.keys(terms).length === 0)
    throw new InvalidInput('expected what to change: --scope, --tier, --address or --certificate');
  await withDatabase(config, (pool) => changeCaller(pool, callerName(name), terms, personOf(options)));
  output.json({ caller: name, ...terms });
  output.say(`Changed: ${name}. It holds in every process after two seconds.`);
  await sayUndefined({ config, output }, terms.scopes ?? []);
  return exitCodes.ok;
}

export async function callersRotate({
  config,
  output,
  options,
  name,
}: Named<{ readonly overlap: string }>): Promise<number> {
  const overlapMs = timeOf('--overlap', options.overlap, { least: 0 });
  const { key, ending } = await withDatabase(config, (pool) =>
    rotateKey(pool, { caller: callerName(name), overlapMs }, personOf(options)),
  );
  output.json({ caller: name, key, ending });
  sayKey(output, key);
  for (const { keyId, endsAt } of ending) output.say(`The key ${keyId} ends at ${minute(endsAt)}.`);
  return exitCodes.ok;
}

export async function callersRevoke({
  config,
  output,
  options,
  name,
}: Named<{ readonly key?: string }>): Promise<number> {
  const { key: keyId } = options;
  const caller = callerName(name);
  await withDatabase(config, (pool) =>
    keyId === undefined
      ? revokeCaller(pool, caller, personOf(options))
      : revokeKey(pool, { caller, keyId }, personOf(options)),
  );
  output.json({ caller, key: keyId ?? null });
  output.say(
    `Revoked: ${keyId === undefined ? `${caller} with all of its keys` : `the key ${keyId} of ${caller}`}. It holds in every process after two seconds.`,
  );
  return exitCodes.ok;
}
