import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface RotatingPartner {
  readonly url: string;
  /** The bearer token of each request so far. */
  readonly tokens: string[];
  /** Tokens that are taken now. */
  valid: ReadonlySet<string>;
  /** Called when a request has come, before it is judged. */
  onRequest: (page: number) => Promise<void>;
  close(): Promise<void>;
}

/** A listing of `pages` pages of one record, whose owner changes its tokens. */
export async function startRotatingPartner(pages: number): Promise<RotatingPartner> {
  const server = createServer((request, response) => {
    void (async () => {
      const page = Number(new URL(request.url ?? '', 'http://here').searchParams.get('cursor') ?? 1);
      const token = (request.headers.authorization ?? '').replace(/^Bearer /, '');
      partner.tokens.push(token);
      await partner.onRequest(page);
      const taken = partner.valid.has(token);
      response.writeHead(taken ? 200 : 401, { 'content-type': 'application/json' });
      const next = page < pages ? String(page + 1) : null;
      response.end(JSON.stringify(taken ? { data: [{ id: `r${page}` }], next } : { error: 'unauthorized' }));
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const partner: RotatingPartner = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tokens: [],
    valid: new Set(),
    onRequest: async () => {},
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return partner;
}
