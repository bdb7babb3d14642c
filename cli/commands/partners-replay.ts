import { resolve } from 'node:path';
import { InvalidInput } from '../../core/errors.ts';
import { readRecordings } from '../../recordings/files.ts';
import { startReplay } from '../../recordings/replay.ts';
import type { CommandContext } from '../command.ts';
import { exitCodes } from '../exit.ts';
import { untilStopped } from '../until-stopped.ts';

/** Gives what was recorded to whoever asks, until it is stopped. */
export async function partnersReplay({
  output,
  options,
  name,
}: CommandContext<{ readonly from: string; readonly port: string }> & { readonly name: string }): Promise<number> {
  const port = Number(options.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidInput(`--port: expected a number from 0 to 65535, found ${JSON.stringify(options.port)}`);
  const stopped = untilStopped();
  const replay = await startReplay(await readRecordings(resolve(options.from), name), { port });
  try {
    output.json({ url: replay.origin });
    output.say(`${name} is played on ${replay.origin}: set the host of its baseUrl to that. Ctrl-C ends it.`);
    await stopped;
    const unknown = replay.arrivals().filter((each) => each.unknown);
    output.say(`${replay.arrivals().length} requests, ${unknown.length} of them for what was not recorded.`);
    return exitCodes.ok;
  } finally {
    await replay.close();
  }
}
