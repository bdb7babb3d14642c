import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { partnersCheck } from '../../cli/commands/partners-check.ts';
import { readConfig } from '../../config/config.ts';
import { loadPartner } from '../../definitions/load.ts';
import type { StreamReport } from '../../messages/stream-report.ts';
import type { OwnAnswer, OwnPartners } from '../support/own-partner.ts';
import { said, type Said } from '../support/said.ts';
import { tablePayloads } from '../support/table-rows.ts';

/** A request as a player gets it. */
export interface Asked {
  readonly method: string;
  readonly url: URL;
  /** Lower-case names. */
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Row = Readonly<Record<string, unknown>>;

/** A small partner that answers as a vendor's documentation says. */
export interface Player {
  /** Of `examples/partners/<name>.yaml`. */
  readonly name: string;
  /** What the definition takes from the environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The vendor's origin as the definition writes it: this player takes its place. */
  readonly origin: string;
  /** A limit as the definition writes it, and one with room for the whole story: a minute is long for a test. */
  readonly widened?: readonly [declared: string, wider: string];
  /** How the vendor refuses a request that comes too early. */
  readonly refusal: OwnAnswer;
  readonly answer: (asked: Asked) => OwnAnswer;
  /** Time passes at the vendor: something is new, something is different. */
  readonly change: () => void;
  /** The records that a table should hold, as the vendor has them now. */
  readonly truth: (stream: string) => readonly Row[];
}

/** A request of a run and what became of it. */
export interface Exchange extends Asked {
  readonly status: number;
  readonly refused: boolean;
}

export interface ExampleRun {
  readonly reports: Readonly<Record<string, StreamReport>>;
  readonly exchanges: readonly Exchange[];
}

export interface Story {
  /** What `syncline partners check` says. */
  readonly check: Said;
  readonly first: ExampleRun;
  readonly second: ExampleRun;
  /** The records behind the rows of a table. */
  readonly payloads: (stream: string) => Promise<readonly Row[]>;
}

/** Long ago, so that no record of a player is newer than the beginning of a run. */
const WINDOWS = ['2026-11-24', '2026-11-25'] as const;
/** A first page comes well, and what follows it does not. */
const REFUSED = 2;

/** Checks the definition against the player, reads all its streams, lets time pass, and reads them again. The first run is refused once. */
export async function tell(partners: OwnPartners, player: Player): Promise<Story> {
  const exchanges: Exchange[] = [];
  let refusing = false;
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const { method = '', headers } = request;
      const asked = { method, url: new URL(request.url as string, origin), headers, body };
      const refused = refusing && exchanges.length + 1 >= REFUSED;
      if (refused) refusing = false;
      const answer = refused ? player.refusal : player.answer(asked);
      const { status = 200, headers: sent = {}, body: json, text: plain = JSON.stringify(json) } = answer;
      exchanges.push({ ...asked, status, refused });
      response.writeHead(status, { 'content-type': 'application/json', ...sent }).end(plain);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    await copyExample(player, { origin, folder: partners.folder });
    const { name, env } = player;
    const { streams } = await loadPartner(name, { dir: partners.folder, env });
    const config = readConfig({ ...env, SYNCLINE_PARTNERS_DIR: partners.folder });
    const check = await said(config, {}, (context) => partnersCheck({ ...context, name }));
    const run = async (window: string): Promise<ExampleRun> => {
      exchanges.length = 0;
      const reports: Record<string, StreamReport> = {};
      for (const stream of Object.keys(streams))
        reports[stream] = await readWaiting(partners, { name, stream, window });
      return { reports, exchanges: [...exchanges] };
    };
    refusing = true;
    const first = await run(WINDOWS[0]);
    player.change();
    const second = await run(WINDOWS[1]);
    return { check, first, second, payloads: (stream) => tablePayloads(partners.pool, name, stream) };
  } finally {
    server.close();
  }
}

/** The example as it is, but for the place where the vendor is and a limit that would take long. */
async function copyExample(
  { name, origin, widened: [declared, wider] = ['', ''] }: Player,
  to: { origin: string; folder: string },
): Promise<void> {
  const example = await readFile(new URL(`../../examples/partners/${name}.yaml`, import.meta.url), 'utf8');
  for (const text of [origin, declared])
    if (!example.includes(text)) throw new Error(`${name}.yaml does not have ${text}`);
  await writeFile(join(to.folder, `${name}.yaml`), example.replaceAll(origin, to.origin).replace(declared, wider));
}

const unused = (): Promise<never> => Promise.reject(new Error('these definitions are files'));

/** Grant after grant, as the workflow does it: a refused request is waited out. */
async function readWaiting(
  partners: OwnPartners,
  { name, stream, window }: { readonly name: string; readonly stream: string; readonly window: string },
): Promise<StreamReport> {
  const partner = await partners.again({ name, asked: [], define: unused, write: unused });
  for (;;) {
    const result = await partner.grant(stream, { window });
    if (result.state === 'done') return result.report;
    if (result.state === 'deferred') await delay(Math.max(0, Date.parse(result.until) - Date.now()));
  }
}
