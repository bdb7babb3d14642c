import { statusOfStreams } from '../../warehouse/postgres/inspect.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';

export async function status({ config, output }: CommandContext): Promise<number> {
  const streams = await withDatabase(config, statusOfStreams);
  output.json(streams);
  if (streams.length === 0) {
    output.say('No stream has been synced yet: `syncline sync PARTNER` starts.');
    return exitCodes.ok;
  }
  output.table(
    streams.map((stream) => ({
      stream: `${stream.partner}.${stream.stream}`,
      now: stream.deferredUntil !== null ? `waits until ${stream.deferredUntil}` : stream.running ? 'running' : '',
      'last outcome': stream.lastOutcome ?? 'never run',
      finished: stream.lastFinishedAt?.slice(0, 19),
      watermark: stream.watermark?.slice(0, 26),
      events: stream.events,
      waiting: stream.waiting,
      quarantined: stream.quarantined,
    })),
    ['stream', 'now', 'last outcome', 'finished', 'watermark', 'events', 'waiting', 'quarantined'],
  );
  for (const stream of streams)
    if (stream.lastReason !== null) output.say(`${stream.partner}.${stream.stream}: ${stream.lastReason}`);
  for (const partner of new Set(
    streams.filter(({ blockedUntil }) => blockedUntil !== null).map(({ partner }) => partner),
  ))
    output.say(
      `${partner}: nobody calls it before ${streams.find((stream) => stream.partner === partner)?.blockedUntil}`,
    );
  return exitCodes.ok;
}
