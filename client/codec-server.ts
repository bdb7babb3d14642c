import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { PayloadCodec } from '@temporalio/common';
import { SECOND } from '../core/duration.ts';
import { explain, NeedsAttention } from '../core/errors.ts';
import { closeServer, hostOf, listen } from '../http/listen.ts';
import { parsePayloads, printPayloads } from './payload-json.ts';

export interface CodecServerOptions {
  /** `host:port`; port 0 takes a free one. */
  readonly address: string;
  readonly codec: PayloadCodec;
  /** Pages that may ask from a browser, as `https://host:port`. */
  readonly origins: readonly string[];
  /** What `Authorization: Bearer …` has to say; undefined: nothing. */
  readonly token?: string | undefined;
  /** Also seals, so that inputs and signals can be sent from the Temporal UI and CLI. */
  readonly encode?: boolean;
  /** Temporal's CLI and UI do not show why they got no answer. */
  readonly onProblem?: (problem: string) => void;
}

export interface CodecServer {
  /** `http://host:port` as it really listens. */
  readonly url: string;
  close(): Promise<void>;
}

/** Temporal takes messages of 4 MB at the most, in base64 a third more. */
const LARGEST = 8 * 1024 * 1024;

/** A refusal with its status; what was sent is never quoted. */
class Refused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Temporal's codec protocol: `POST …/decode` and `POST …/encode`, JSON of payloads there and back. */
export async function startCodecServer(options: CodecServerOptions): Promise<CodecServer> {
  const server = createServer({ requestTimeout: 30 * SECOND }, (request, response) => {
    answer(request, response, options).catch((error: unknown) => {
      const known = error instanceof Refused || error instanceof NeedsAttention;
      const words = known ? explain(error) : 'the codec server failed';
      options.onProblem?.(words);
      say(response, error instanceof Refused ? error.status : known ? 400 : 500, { error: words });
    });
  });
  const port = await listen(server, { address: options.address, setting: '--address' });
  return { url: `http://${hostOf(options.address)}:${port}`, close: () => closeServer(server) };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { codec, origins, token, encode = false }: CodecServerOptions,
): Promise<void> {
  admitOrigin(request, response, origins);
  if (request.method === 'OPTIONS') {
    response.writeHead(204).end();
    return;
  }
  // Endpoints may be mounted anywhere, such as /NAMESPACE/decode: only the last part counts.
  const wanted = (request.url ?? '').split('?')[0]?.split('/').at(-1);
  if (wanted !== 'decode' && wanted !== 'encode') throw new Refused(404, 'there are /decode and /encode');
  if (request.method !== 'POST') throw new Refused(405, 'only POST');
  if (token !== undefined && !isToken(request.headers.authorization, token))
    throw new Refused(401, 'expected Authorization: Bearer with the token in SYNCLINE_CODEC_TOKEN of this server');
  const parsed = parsePayloads(await bodyOf(request));
  if ('problem' in parsed) throw new Refused(400, parsed.problem);
  // A query without arguments has nothing to seal.
  if (wanted === 'encode' && !encode && parsed.payloads.length > 0)
    throw new Refused(403, 'this server only opens payloads: start `syncline codec --encode` to seal them as well');
  say(response, 200, printPayloads(await codec[wanted]([...parsed.payloads])));
}

/** Without an Origin nobody's browser asks. With one of a page that is not listed, somebody's browser is being used. */
function admitOrigin(request: IncomingMessage, response: ServerResponse, origins: readonly string[]): void {
  const { origin } = request.headers;
  response.setHeader('vary', 'Origin');
  if (origin === undefined) return;
  if (!origins.includes(origin))
    throw new Refused(403, `pages of ${origin.slice(0, 200)} may not ask: start it with --allow-origin for them`);
  response.setHeader('access-control-allow-origin', origin);
  response.setHeader('access-control-allow-credentials', 'true');
  if (request.method !== 'OPTIONS') return;
  response.setHeader('access-control-allow-methods', 'POST');
  response.setHeader('access-control-allow-headers', 'authorization, content-type, x-namespace');
  response.setHeader('access-control-max-age', '600');
}

const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest();

const isToken = (header: string | undefined, token: string): boolean =>
  timingSafeEqual(hashOf((header ?? '').replace(/^bearer +/i, '')), hashOf(token));

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  // A request that is destroyed is never told why.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LARGEST) throw new Refused(413, `expected up to ${LARGEST} bytes, found more; ask for fewer payloads`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function say(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}
