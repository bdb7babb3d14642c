import { causeText, proposeKeys } from '../../core/duplicate-advice.ts';
import type { DuplicateSettings } from '../../definitions/duplicates.ts';
import { invitesDuplicates } from '../../definitions/invites-duplicates.ts';
import { duplicateCauses, keyCandidates } from '../../landing/duplicate-causes.ts';
import { readPlan } from '../../store/duplicates/plans.ts';
import { transaction } from '../../store/session/transaction.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { loadKnownDuplicates } from '../known-streams.ts';
import { whole } from '../pair-filter.ts';

/** Which run, page or caller made the duplicates of a plan, and what key would have made one row of them. */
export async function whyDuplicates({
  config,
  output,
  plan: text,
}: CommandContext & { readonly plan: string }): Promise<number> {
  const number = whole('plan', text);
  const known = await loadKnownDuplicates(config);
  return withDatabase(config, async (pool) => {
    const { name, settings } = await readPlan(pool, number);
    const from = new Set((settings as DuplicateSettings).from.map(({ stream }) => stream));
    const streams = new Map([...known.streams].filter(([stream]) => from.has(stream)));
    const { causes, origins, candidates } = await transaction(pool, async (client) => ({
      ...(await duplicateCauses(client, { plan: number, streams })),
      candidates: await keyCandidates(client, { plan: number, streams }),
    }));
    const keys = new Map([...streams].map(([stream, { definition }]) => [stream, definition.primaryKey] as const));
    const proposals = proposeKeys({ causes, candidates, keys });
    output.json({ plan: number, name, causes, origins, candidates, proposals });
    if (causes.length === 0)
      output.say(`No pair of plan ${number} is left to explain: its rows are gone, or were rejected.`);
    for (const cause of causes)
      output.say(`${causeText(cause)}. The first came at ${minute(cause.since)}, the last at ${minute(cause.last)}.`);
    output.table(
      origins.map(({ stream, from: origin, rows, inserted, at, requestId }) => ({
        ...{ stream, from: origin, at: minute(at), duplicates: rows, 'new rows': inserted },
        request: requestId ?? '',
      })),
      ['stream', 'from', 'at', 'duplicates', 'new rows', 'request'],
    );
    for (const { says, stream, column, normalise } of proposals) {
      const [partner = '', own = ''] = stream.split('.');
      output.say(`Proposal: ${says}`);
      if (normalise)
        output.say(
          `Values of ${column} differ in case or spaces: the key would need them to be made alike by the partner or by a \`compute\` column.`,
        );
      output.say(`Try it on what was received: \`syncline partners check ${partner} --key ${own}=${column}\`.`);
    }
    for (const [stream, compiled] of streams)
      for (const says of invitesDuplicates(compiled)) output.say(`${stream}: ${says}.`);
    return exitCodes.ok;
  });
}

const minute = (iso: string): string => iso.slice(0, 16).replace('T', ' ');
