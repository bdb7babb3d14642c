import { InvalidInput } from '../../core/errors.ts';
import { blockByPerson, unblock } from '../../store/callers/blocks.ts';
import { overrideLimits, setCallerLimits, setTierLimits } from '../../store/callers/limits.ts';
import { listCallers } from '../../store/callers/list-callers.ts';
import { limitWords, minute } from '../caller-lines.ts';
import { blockSubject, callerName, limitsOf, tierOf, timeOf, type LimitOptions } from '../caller-options.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { personOf } from './callers.ts';

export interface LimitCommandOptions extends LimitOptions {
  readonly tier?: string;
  readonly for?: string;
  readonly reset?: boolean;
  readonly reason: string;
}

type LimitContext = CommandContext<LimitCommandOptions> & { readonly name: string | undefined };

export function callersLimit(context: LimitContext): Promise<number> {
  const { options, name } = context;
  if ((name === undefined) === (options.tier === undefined))
    throw new InvalidInput('expected the name of a caller, or --tier');
  if (
    options.reset !== true &&
    options.rate === undefined &&
    options.burst === undefined &&
    options.daily === undefined
  )
    throw new InvalidInput('expected a limit to set: --rate, --burst or --daily');
  if (options.reset === true && (options.rate ?? options.burst ?? options.daily ?? options.for) !== undefined)
    throw new InvalidInput('--reset takes the limits of the tier: no other limit can be given with it');
  return name === undefined ? limitTier(context, options.tier as string) : limitCaller(context, callerName(name));
}

async function limitTier({ config, output, options }: LimitContext, text: string): Promise<number> {
  const tier = tierOf(text);
  if (options.for !== undefined || options.reset === true)
    throw new InvalidInput('--for and --reset are for a caller: what is set for a tier holds until it is set anew');
  const change =
    options.daily === 'none' ? { ...limitsOf({ ...options, daily: undefined }), daily: null } : limitsOf(options);
  const limits = await withDatabase(config, (pool) => setTierLimits(pool, tier, change, personOf(options)));
  output.json({ tier, ...limits });
  output.say(`${tier}: ${limitWords(limits)}, for callers without limits of their own, from the next request on.`);
  return exitCodes.ok;
}

const RESET = { rate: null, burst: null, daily: null } as const;

async function limitCaller({ config, output, options }: LimitContext, caller: string): Promise<number> {
  if (options.daily === 'none')
    throw new InvalidInput('--daily none is for a tier: give the caller another tier, or a large number');
  const limits = limitsOf(options);
  const forMs = options.for === undefined ? undefined : timeOf('--for', options.for);
  return withDatabase(config, async (pool) => {
    if (forMs === undefined)
      await setCallerLimits(pool, caller, options.reset === true ? RESET : limits, personOf(options));
    else await overrideLimits(pool, { caller, limits, forMs }, personOf(options));
    const [now] = await listCallers(pool, { id: caller, all: true });
    output.json({ caller, limits: now?.limits, own: now?.own, override: now?.override });
    if (now !== undefined)
      output.say(
        `${caller}: ${limitWords(now.limits)} from the next request on${now.override === null ? '' : `, until ${minute(now.override.until)}`}.`,
      );
    return exitCodes.ok;
  });
}

type BlockContext = CommandContext<{ readonly for?: string; readonly reason: string }> & { readonly subject: string };

export async function callersBlock({ config, output, options, subject: text }: BlockContext): Promise<number> {
  const { kind, subject } = blockSubject(text);
  const forMs = options.for === undefined ? null : timeOf('--for', options.for);
  const until = await withDatabase(config, async (pool) => {
    if (kind === 'caller' && (await listCallers(pool, { id: subject })).length === 0)
      throw new InvalidInput(`there is no caller ${subject}: \`syncline callers list\` shows all`);
    return blockByPerson(pool, { kind, subject, forMs }, personOf(options));
  });
  output.json({ kind, subject, until });
  output.say(
    `Blocked: ${subject}, ${until === null ? `until \`syncline callers unblock ${text}\`` : `until ${minute(until)}`}. It holds in every process after two seconds.`,
  );
  return exitCodes.ok;
}

export async function callersUnblock({ config, output, options, subject: text }: BlockContext): Promise<number> {
  const of = blockSubject(text);
  const ended = await withDatabase(config, (pool) => unblock(pool, of, personOf(options)));
  output.json({ ...of, ended: ended ?? null });
  output.say(
    ended === undefined
      ? `${of.subject} was not blocked.`
      : `Served again after two seconds: ${of.subject}, which ${ended.by ?? 'Syncline'} had blocked: ${ended.cause}`,
  );
  return exitCodes.ok;
}
