import type { Pool } from 'pg';
import { openCheck, type CheckedStream, type FailedCheck } from '../../activities/check/check-stream.ts';
import { InvalidInput, NeedsAttention } from '../../core/errors.ts';
import { invitesDuplicates } from '../../definitions/invites-duplicates.ts';
import { isPushOnly } from '../../definitions/push.ts';
import { compilePartner } from '../../definitions/compile.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { Auth, Partner } from '../../definitions/definition.ts';
import { secretFor, secretsOf } from '../../definitions/secrets.ts';
import { withMade } from '../../landing/made-columns.ts';
import { readPlans, type StreamPlan } from '../../landing/read-plans.ts';
import { tokensOf } from '../../workers/tokens-of.ts';
import { withCheckDatabase } from '../check-database.ts';
import { commandCalls } from '../command-calls.ts';
import { checkPermits } from '../check-permits.ts';
import { checkKey } from '../check-key.ts';
import type { CommandContext } from '../command.ts';
import { exitCodes } from '../exit.ts';
import { loadWhole } from '../load-whole.ts';
import { printCheck } from '../print-check.ts';
import { planLines } from '../print-plan.ts';
import { streamNamed } from '../stream-named.ts';

interface CheckContext extends CommandContext<{
  offline?: boolean;
  stream?: string;
  suggestSchema?: boolean;
  key?: string;
}> {
  readonly name: string;
}

/** Checks the definition, then asks each stream for a few pages and says what came, and what is wrong with it. Nothing is written. */
export async function partnersCheck({ config, output, options, name }: CheckContext): Promise<number> {
  if (options.offline === true && options.suggestSchema === true)
    throw new InvalidInput('--suggest-schema needs records: leave --offline out');
  const { partner, carried } = await loadWhole(name, { dir: config.partnersDir, env: config.env });
  const all = compilePartner(partner, config.names);
  const chosen = options.stream === undefined ? [...all.values()] : [streamNamed(all, options.stream)];
  output.say(`The definition of ${name} holds: ${[...all.keys()].join(', ')}.`);
  for (const stream of chosen) for (const says of invitesDuplicates(stream)) output.say(`${stream.name}: ${says}.`);
  if (options.key !== undefined) return checkKey({ config, output }, { partner: name, streams: all, key: options.key });
  const pulled = chosen.filter(({ definition }) => !isPushOnly(definition));
  for (const stream of chosen)
    if (isPushOnly(stream.definition))
      output.say(`${stream.name}: its records are only pushed (docs/push.md), so there is nothing to ask for.`);
  if (options.offline === true) {
    output.json({ partner: name, streams: chosen.map(describe) });
    return exitCodes.ok;
  }
  const results = await withCheckDatabase(config, async (database) => {
    const pool = 'pool' in database ? database.pool : undefined;
    if ('without' in database) {
      if (config.databaseUrl !== undefined && [...all.values()].some((stream) => rotates(stream.partner.auth)))
        throw new NeedsAttention(`the tokens of ${name} are in the database: ${database.without}`);
      output.say(
        `The limits are kept within this process alone: what workers send meanwhile is not counted (${database.without}).`,
      );
    }
    const permits = checkPermits(pool, commandCalls(pool, config, 'check'));
    try {
      const check = openCheck({
        streams: all,
        nowMs: Date.now(),
        permits: permits.of,
        secret: secretFor(secretsOf(config.env)),
        ...(pool === undefined ? {} : { tokens: (of: Partner) => tokensOf(pool, of) }),
        env: config.env,
        carried,
      });
      const checked: (CheckedStream | FailedCheck)[] = [];
      for (const stream of pulled) checked.push(await check(stream));
      const plans = pool === undefined ? [] : await plansOf(pool, chosen);
      return { streams: checked, limits: pool === undefined ? 'process' : 'fleet', plans: plans.filter(changesTable) };
    } finally {
      await permits.close();
    }
  });
  output.json({ partner: name, ...results });
  for (const result of results.streams) printCheck(output, result, { suggestSchema: options.suggestSchema === true });
  for (const plan of results.plans) for (const line of planLines(name, plan)) output.say(line);
  return exitCodeOf(results.streams);
}

/** A new table is made as the check has shown it. */
const plansOf = async (pool: Pool, streams: readonly CompiledStream[]): Promise<readonly StreamPlan[]> =>
  readPlans(pool, await Promise.all(streams.map((stream) => withMade(pool, stream))));

const changesTable = ({ added, renamed, retyped, fault }: StreamPlan): boolean =>
  added.length + renamed.length + retyped.length > 0 || fault !== undefined;

function exitCodeOf(results: readonly (CheckedStream | FailedCheck)[]): number {
  if (results.some(isWrong)) return exitCodes.failed;
  return results.some((result) => 'error' in result) ? exitCodes.deferred : exitCodes.ok;
}

/** For sure: a warning is for a person to judge, and that there was no permit says nothing of the definition. */
const isWrong = (result: CheckedStream | FailedCheck): boolean =>
  'error' in result
    ? !result.deferred
    : result.rejected.length > 0 || result.findings.some(({ severity }) => severity === 'error');

/** A refresh token that is used twice locks everybody out, so the workers' own is used. */
const rotates = (auth: Auth): boolean =>
  typeof auth !== 'function' && auth.type === 'oauth2' && auth.grant !== 'client_credentials';

const describe = (stream: CompiledStream): object => ({
  stream: stream.name,
  table: `${stream.schema}.${stream.table}`,
  columns: stream.columns.map(({ name, type }) => ({ name, type })),
});
