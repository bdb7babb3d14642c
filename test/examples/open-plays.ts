import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openCheck, type CheckedStream, type FailedCheck } from '../../activities/check/check-stream.ts';
import { compilePartner } from '../../definitions/compile.ts';
import { loadPartner } from '../../definitions/load.ts';
import { plainNames } from '../../messages/names.ts';
import { processLimiter } from '../../limits/permits/process-limiter.ts';
import { tokensOf } from '../../workers/tokens-of.ts';
import { ownPartners, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';

/** A request, as whoever plays a partner sees it. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

export interface Played {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is. */
  readonly text?: string;
}

/** A small partner that answers as its documentation says. `url` is where it is. */
export type Player = (asked: Asked, url: string) => Played | Promise<Played>;

type Fields = Readonly<Record<string, unknown>>;

export interface Reading extends Pick<OwnPartner, 'read'> {
  /** What `syncline partners check` finds in the first page of each stream. */
  readonly check: () => Promise<readonly (CheckedStream | FailedCheck)[]>;
  readonly rows: (sql: string) => Promise<readonly Fields[]>;
}

export interface Playing extends Reading {
  /** All requests so far. */
  readonly asked: readonly Asked[];
}

export interface Play {
  readonly player: Player;
  /** URLs of the example in whose place the player stands. */
  readonly hosts: readonly string[];
  readonly env: (url: string) => Readonly<Record<string, string>>;
  /** What a test needs otherwise, such as pages small enough for two of them. */
  readonly change?: Readonly<Record<string, string>>;
}

export interface Plays {
  /** Runs `examples/partners/<name>.yaml` against the player. */
  readonly play: (name: string, how: Play) => Promise<Playing>;
  /** Runs it with this environment, and with texts of it changed, from one to the other. */
  readonly example: (
    name: string,
    env: Readonly<Record<string, string>>,
    changes?: readonly (readonly [string, string])[],
  ) => Promise<Reading>;
  readonly close: () => Promise<void>;
}

const examples = fileURLToPath(new URL('../../examples/partners/', import.meta.url));

/** A database, and the examples that are read into it. */
export async function openPlays(): Promise<Plays> {
  const env: Record<string, string> = {};
  const partners = await ownPartners({ env });
  const servers: Server[] = [];

  const example: Plays['example'] = async (name, named, changes = []) => {
    Object.assign(env, named);
    const text = await readFile(join(examples, `${name}.yaml`), 'utf8');
    await writeFile(join(partners.folder, `${name}.yaml`), changes.reduce(replaced, text));
    const { read } = await partners.again({ name, asked: [], define: unused, write: unused });
    return {
      read,
      check: () => check(name, { partners, env }),
      rows: async (sql) => (await partners.pool.query<Fields>(sql)).rows,
    };
  };

  const play: Plays['play'] = async (name, { player, hosts, env: named, change = {} }) => {
    const asked: Asked[] = [];
    const server = createServer((request, response) => {
      void note(request, asked)
        .then((one) => player(one, url))
        .then(({ status = 200, headers = {}, body, text = JSON.stringify(body) }) =>
          response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text),
        )
        .catch((error: unknown) => response.writeHead(500).end(String(error)));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    servers.push(server);
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const here = hosts.map((host) => [host, url] as const);
    return { ...(await example(name, named(url), [...here, ...Object.entries(change)])), asked };
  };

  return {
    play,
    example,
    close: async () => {
      for (const server of servers) server.close();
      await partners.close();
    },
  };
}

const unused = (): Promise<void> => Promise.reject(new Error('an example is as it is'));

async function note(request: IncomingMessage, asked: Asked[]): Promise<Asked> {
  const { pathname, searchParams } = new URL(request.url as string, 'http://any');
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  const one = { method: request.method as string, path: pathname, query: searchParams, headers: request.headers, text };
  asked.push(one);
  return one;
}

function replaced(text: string, [from, to]: readonly [string, string]): string {
  if (!text.includes(from)) throw new Error(`the example does not hold ${JSON.stringify(from)}`);
  return text.replaceAll(from, to);
}

async function check(
  name: string,
  { partners, env }: { readonly partners: OwnPartners; readonly env: Readonly<Record<string, string>> },
): Promise<readonly (CheckedStream | FailedCheck)[]> {
  const streams = compilePartner(await loadPartner(name, { dir: partners.folder, env }), plainNames);
  const checkOne = openCheck({
    streams,
    nowMs: Date.now(),
    permits: (of) => ({ limiter: processLimiter(of) }),
    tokens: (of) => tokensOf(partners.pool, of),
    env,
  });
  const checked: (CheckedStream | FailedCheck)[] = [];
  for (const stream of streams.values()) checked.push(await checkOne(stream));
  return checked;
}

/** What a check should say of an example: nothing is doubtful, and all that came fits its schema. */
export const wellChecked = (streams: readonly string[]): readonly unknown[] =>
  streams.map((stream) => ({ stream, rejected: [], findings: [] }));

/** Those parts of a check. Some vendors write times in whole seconds, and have nothing that orders what changes within one. */
export const findings = (checked: readonly (CheckedStream | FailedCheck)[]): readonly unknown[] =>
  checked.map((one) => {
    if ('error' in one) return one;
    const { stream, rejected } = one;
    return { stream, rejected, findings: one.findings.filter(({ code }) => code !== 'version-coarse') };
  });

/** One page of a list, by a cursor that says how many came before. */
export function pageOf<T>(
  list: readonly T[],
  cursor: string | null | undefined,
  size: number,
): { readonly items: readonly T[]; readonly next: string | undefined } {
  const from = cursor === null || cursor === undefined || cursor === '' ? 0 : Number(cursor.replace(/^\D+/, ''));
  return {
    items: list.slice(from, from + size),
    next: from + size < list.length ? `after-${from + size}` : undefined,
  };
}
