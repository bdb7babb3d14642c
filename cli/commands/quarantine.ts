import { InvalidInput } from '../../core/errors.ts';
import { readQuarantine } from '../../store/quarantine/quarantine.ts';
import { printBalance } from '../balance.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { positive } from '../positive.ts';
import { tellTargetsOf } from '../tell-targets-of.ts';
import { shortTime } from '../took.ts';

interface ListContext extends CommandContext<{ limit: string; all?: boolean }> {
  readonly partner: string | undefined;
  readonly stream: string | undefined;
}

/** Without payloads: those are shown one at a time, to whoever asks for that one. */
export async function quarantineList({ config, output, options, partner, stream }: ListContext): Promise<number> {
  const records = await withDatabase(config, (pool) =>
    readQuarantine(pool, {
      partner,
      stream,
      status: options.all === true ? undefined : 'held',
      limit: positive('--limit', options.limit),
    }),
  );
  const shown = records.map((record) => ({ ...record, payload: undefined, parents: undefined }));
  output.json(shown);
  if (shown.length === 0) output.say('Nothing is in quarantine.');
  else
    output.table(
      shown.map((record) => ({
        ...record,
        key: record.key === null ? null : shorten(record.key),
        path: shorten(record.path),
        stream: `${record.partner}.${record.stream}`,
        times: record.count,
        first: shortTime(record.quarantinedAt),
        last: shortTime(record.lastSeenAt),
      })),
      ['stream', 'id', 'key', 'path', 'reason', 'status', 'times', 'first', 'last'],
    );
  return exitCodes.ok;
}

/** Keys may be thousands of characters long; `show` and `--json` have them whole. */
const shorten = (text: string): string =>
  text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN - 1).replace(/[\ud800-\udbff]$/, '')}…` : text;
const MOST_SHOWN = 60;

interface StreamContext extends CommandContext {
  readonly partner: string;
  readonly stream: string;
}

export async function quarantineShow({
  config,
  output,
  partner,
  stream,
  id,
}: StreamContext & { readonly id: string }): Promise<number> {
  if (!/^\d+\.\d+$/.test(id))
    throw new InvalidInput(`id: expected PAGE.PLACE as \`quarantine list\` shows it, found ${JSON.stringify(id)}`);
  const [record] = await withDatabase(config, (pool) => readQuarantine(pool, { partner, stream, id, limit: 1 }));
  if (record === undefined)
    throw new InvalidInput(`there is no record ${id} in the quarantine of ${partner}.${stream}`);
  output.json(record);
  output.say(
    `${partner}.${stream} ${id}: ${record.path || '(the record)'}: ${record.reason} (${record.status}, definition ${record.definitionVersion})`,
  );
  output.say(
    record.count === 1
      ? `Seen once, at ${record.quarantinedAt}`
      : `Seen ${record.count} times, from ${record.quarantinedAt} to ${record.lastSeenAt}`,
  );
  output.say(record.payload ?? 'This stream withholds the payloads of its quarantine.');
  return exitCodes.ok;
}

/** How many records go into one replay; what is left over waits for the next one. */
const BATCH = 10_000;

export async function quarantineReplay({ config, output, partner, stream }: StreamContext): Promise<number> {
  const [
    { compileStream },
    { loadPartner },
    { tablesOf, targetsOf },
    { withMade },
    { postgresWarehouse },
    { replayQuarantine },
  ] = await Promise.all([
    import('../../definitions/compile.ts'),
    import('../../definitions/load.ts'),
    import('../../definitions/named-targets.ts'),
    import('../../landing/made-columns.ts'),
    import('../../landing/postgres-warehouse.ts'),
    import('../../activities/replay-quarantine.ts'),
  ]);
  const definition = await loadPartner(partner, { dir: config.partnersDir, env: config.env });
  const compiled = compileStream(definition, stream, config.names);
  return withDatabase(config, async (pool) => {
    const held = await readQuarantine(pool, { partner, stream, status: 'held', limit: BATCH });
    const warehouse = postgresWarehouse(pool, { names: config.names });
    const replayed = await replayQuarantine(warehouse, {
      stream: await withMade(pool, compiled),
      held,
      nowMs: Date.now(),
    });
    output.json(replayed);
    output.say(
      `${replayed.fitted.length} of ${held.length} held records went through; ${held.length - replayed.fitted.length} stay.`,
    );
    if (replayed.report !== null) {
      printBalance(output, [replayed.report]);
      for (const table of tablesOf(stream))
        await tellTargetsOf(config, { partner, stream: table, targets: targetsOf(definition, table) });
    }
    for (const { id, path, reason } of replayed.refused.slice(0, 20)) output.say(`${id}: ${path}: ${reason}`);
    return replayed.refused.length === 0 ? exitCodes.ok : exitCodes.partial;
  });
}
