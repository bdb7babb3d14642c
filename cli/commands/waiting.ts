import { InvalidInput } from '../../core/errors.ts';
import { askedWords, needWords, waitWords } from '../../core/wait-words.ts';
import { visible } from '../../core/visible.ts';
import { answersFor } from '../../store/waiting/asked-needs.ts';
import { listWaiting, waitingPayload } from '../../store/waiting/list-waiting.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { givenReason, whoami } from '../person.ts';
import { positive } from '../positive.ts';
import { tellTargetsOf } from '../tell-targets-of.ts';
import { shortTime } from '../took.ts';

interface ListContext extends CommandContext<{ limit: string; all?: boolean }> {
  readonly partner: string | undefined;
  readonly stream: string | undefined;
}

/** Without payloads: those are shown one at a time, to whoever asks for that one. */
export async function waitingList({ config, output, options, partner, stream }: ListContext): Promise<number> {
  const status = options.all === true ? undefined : 'waiting';
  const limit = positive('--limit', options.limit);
  const waits = await withDatabase(config, (pool) => listWaiting(pool, { partner, stream, status, limit }));
  output.json(waits.map((wait) => ({ ...wait, payload: undefined })));
  if (waits.length === 0) output.say('No record waits for another one.');
  else
    output.table(
      waits.map((wait) => ({
        stream: `${wait.partner}.${wait.stream}`,
        event: wait.event,
        key: wait.key === null ? null : shorten(visible(wait.key)),
        'waits for': shorten(visible(needWords(wait.needs))),
        since: shortTime(wait.since),
        status: wait.overdue ? 'OVERDUE' : wait.status,
      })),
      ['stream', 'event', 'key', 'waits for', 'since', 'status'],
    );
  return exitCodes.ok;
}

const MOST_SHOWN = 60;
const shorten = (text: string): string =>
  text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN - 1).replace(/[\ud800-\udbff]$/, '')}…` : text;

interface StreamContext<O = object> extends CommandContext<O> {
  readonly partner: string;
  readonly stream: string;
}

export async function waitingShow({
  config,
  output,
  partner,
  stream,
  event,
}: StreamContext & { readonly event: string }): Promise<number> {
  const id = eventOf(event);
  const { wait, payload, asked } = await withDatabase(config, async (pool) => {
    const [found] = await listWaiting(pool, { partner, stream, id, limit: 1 });
    const waits = found?.status === 'waiting' ? found.needs : [];
    return {
      wait: found,
      payload: await waitingPayload(pool, { partner, stream, id }),
      asked: await answersFor(pool, { partner, needs: waits }),
    };
  });
  if (wait === undefined) throw new InvalidInput(`event ${id} of ${partner}.${stream} does not wait, and did not`);
  output.json({ ...wait, payload, asked });
  output.say(visible(`${partner}.${stream} event ${id}, key ${wait.key ?? '(none)'}: ${waitWords(wait, Date.now())}`));
  for (const answer of asked) output.say(visible(askedWords(answer)));
  output.say(payload ?? 'The log does not have it any more.');
  return exitCodes.ok;
}

interface SettleContext extends StreamContext<{ reason: string; all?: boolean }> {
  readonly events: readonly string[];
  readonly what: 'release' | 'drop';
}

export async function waitingSettle(context: SettleContext): Promise<number> {
  const { config, output, options, partner, stream, what } = context;
  const reason = givenReason(options.reason);
  if (options.all === true && context.events.length > 0)
    throw new InvalidInput('--all: expected no numbers of events beside it');
  if (options.all !== true && context.events.length === 0)
    throw new InvalidInput('events: expected numbers as `syncline waiting list` shows them, or --all, found none');
  const events = options.all === true ? ('all' as const) : context.events.map(eventOf);
  const [{ compileStream }, { loadPartner }, { tablesOf, targetsOf }, { settleByPerson }] = await Promise.all([
    import('../../definitions/compile.ts'),
    import('../../definitions/load.ts'),
    import('../../definitions/named-targets.ts'),
    import('../../landing/settle-by-person.ts'),
  ]);
  const definition = await loadPartner(partner, { dir: config.partnersDir, env: config.env });
  const compiled = compileStream(definition, stream, config.names);
  const settled = await withDatabase(config, (pool) =>
    settleByPerson(pool, { stream: compiled, events, what, person: whoami(), reason }),
  );
  output.json({ partner, stream, [what === 'drop' ? 'dropped' : 'released']: settled });
  const done = what === 'drop' ? 'dropped' : 'released';
  output.say(
    settled.length === 1
      ? `1 record of ${partner}.${stream} is ${done}.`
      : `${settled.length} records of ${partner}.${stream} are ${done}.`,
  );
  if (what === 'release')
    for (const name of [stream, ...(compiled.relations?.dependents ?? [])])
      for (const table of tablesOf(name))
        await tellTargetsOf(config, { partner, stream: table, targets: targetsOf(definition, table) });
  const missed = events === 'all' ? [] : events.filter((event) => !settled.includes(event));
  if (missed.length > 0) output.say(`These do not wait: ${missed.join(', ')}.`);
  return missed.length === 0 ? exitCodes.ok : exitCodes.partial;
}

function eventOf(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text))
    throw new InvalidInput(
      `event: expected a number as \`syncline waiting list\` shows it, found ${JSON.stringify(text)}`,
    );
  return Number(text);
}
