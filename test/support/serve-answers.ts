import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface OwnAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is. */
  readonly text?: string | Buffer;
}

export type Answers = (url: URL, request: IncomingMessage) => OwnAnswer | Promise<OwnAnswer>;

/** A partner of a few lines, on a port of its own. */
export async function serveAnswers(
  answer: Answers,
): Promise<{ readonly url: string; readonly asked: readonly string[]; readonly close: () => void }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url as string);
    void Promise.resolve(answer(new URL(request.url as string, url), request)).then(
      ({ status = 200, headers = {}, body, text = JSON.stringify(body) }) =>
        response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, asked, close: () => void server.close() };
}
