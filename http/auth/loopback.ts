import { createServer } from 'node:http';
import { closeServer, listen } from '../listen.ts';
import type { Asked } from './ask-person.ts';

export interface Loopback {
  readonly redirectUri: string;
  /** The first URL that belongs to the attempt. */
  readonly returned: (asked: Asked, signal: AbortSignal) => Promise<URL>;
  readonly close: () => Promise<void>;
}

const page = (text: string): string =>
  `<!doctype html><meta charset="utf-8"><title>Syncline</title><p style="font: 1.2em sans-serif; margin: 3em">${text}</p>`;

/** Waits on this machine for the browser that the partner sends back (RFC 8252 §7.3). `uri`: what is registered with the partner. */
export async function openLoopback({
  port,
  uri,
}: {
  readonly port: number;
  readonly uri: string | undefined;
}): Promise<Loopback> {
  let arrived: ((url: URL) => boolean) | undefined;
  const registered = new URL(uri ?? 'http://127.0.0.1/callback');
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', registered);
    const isOurs = request.method === 'GET' && url.pathname === registered.pathname && arrived?.(url) === true;
    response
      .writeHead(isOurs ? 200 : 404, { 'content-type': 'text/html; charset=utf-8', 'referrer-policy': 'no-referrer' })
      .end(
        page(isOurs ? 'Thank you. You can close this window and go back to the terminal.' : 'There is nothing here.'),
      );
  });
  const wanted = uri === undefined || registered.port === '' ? port : Number(registered.port);
  const taken = await listen(server, { address: `127.0.0.1:${wanted}`, setting: '--port' });
  if (uri === undefined) registered.port = String(taken);
  return {
    redirectUri: uri ?? registered.href,
    returned: (asked, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
        arrived = (url) => {
          // Any page of the browser may call us: only what knows the state counts.
          const known = url.searchParams.get('state') === asked.state;
          if (known) resolve(url);
          return known;
        };
      }),
    close: () => closeServer(server),
  };
}
