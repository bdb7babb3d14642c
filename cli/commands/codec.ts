import { isIPv4 } from 'node:net';
import { startCodecServer } from '../../client/codec-server.ts';
import { encrypting } from '../../client/payload-codec.ts';
import { InvalidInput } from '../../core/errors.ts';
import { hostOf } from '../../http/listen.ts';
import type { CommandContext } from '../command.ts';
import { exitCodes } from '../exit.ts';
import { untilStopped } from '../until-stopped.ts';

export interface CodecOptions {
  readonly address: string;
  readonly allowOrigin: readonly string[];
  readonly encode?: boolean;
}

export async function codec({ config, output, options }: CommandContext<CodecOptions>): Promise<number> {
  if (config.payloadKeys.length === 0)
    throw new InvalidInput(
      'SYNCLINE_PAYLOAD_KEYS is not set, so there is nothing to decrypt with: set it (or SYNCLINE_PAYLOAD_KEYS_FILE) as the workers have it',
    );
  const address = checkAddress(options.address, config.codecToken);
  const origins = [...options.allowOrigin, ...(config.uiUrl === undefined ? [] : [config.uiUrl])].map(originOf);
  const stopped = untilStopped();
  const server = await startCodecServer({
    address,
    codec: encrypting(config.payloadKeys),
    origins,
    token: config.codecToken,
    encode: options.encode === true,
    onProblem: once(output.say),
  });
  try {
    output.json({ url: server.url, keys: config.payloadKeys.map(({ id }) => id) });
    output.say(`Opens payloads at ${server.url} with the keys ${config.payloadKeys.map(({ id }) => id).join(', ')}`);
    output.say(
      origins.length === 0
        ? 'No page may ask from a browser: list the Temporal UI with --allow-origin'
        : `Pages that may ask from a browser: ${origins.join(', ')}`,
    );
    await stopped;
  } finally {
    await server.close();
  }
  return exitCodes.ok;
}

/** A page of the UI asks the same thing many times. */
function once(tell: (line: string) => void): (line: string) => void {
  const told = new Set<string>();
  return (line) => {
    if (told.has(line) || told.size >= 100) return;
    told.add(line);
    tell(`Refused: ${line}`);
  };
}

/** Who can reach it can read all payloads: beyond this machine only with a token. */
function checkAddress(address: string, token: string | undefined): string {
  const port = Number(/^.+:(\d{1,5})$/.exec(address)?.[1] ?? Number.NaN);
  if (!(port <= 65_535))
    throw new InvalidInput(`--address: expected host:port, found ${address}; write it as 127.0.0.1:8088`);
  if (!isLoopback(hostOf(address)) && token === undefined)
    throw new InvalidInput(
      `--address: ${address} can be reached from other machines, and whoever reaches it reads all payloads; set SYNCLINE_CODEC_TOKEN (or SYNCLINE_CODEC_TOKEN_FILE), or listen on 127.0.0.1`,
    );
  return address;
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'));

function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.origin === 'null' || ![url.origin, `${url.origin}/`].includes(text.toLowerCase()))
    throw new InvalidInput(
      `--allow-origin: expected the origin of the Temporal UI, such as https://temporal.example:8233, found ${text}; leave out paths, and list each origin`,
    );
  return url.origin;
}
