import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach } from '@jest/globals';
import type { PageRequest } from '../../../core/page.ts';
import type { TokenStore } from '../../../core/token-store.ts';
import { auth as authSchema } from '../../../definitions/auth.ts';
import { createTokenExchange } from '../../../http/auth/token-exchange.ts';
import { createAuthorizer, type Authorizer } from '../../../http/auth.ts';
import { KnownSecrets } from '../../../http/known-secrets.ts';
import { createMemoryTokenStore } from '../../../http/token-store.ts';
import { serve, type LocalServer } from './local-server.ts';

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}
interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: unknown;
}

let server: LocalServer | undefined;
/** Where the endpoint of the present test is. */
export const serverUrl = (): string => String(server?.url);
afterEach(async () => {
  await server?.close();
  server = undefined;
});

export async function endpoint(reply: (asked: Asked, count: number) => Reply): Promise<Asked[]> {
  const all: Asked[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    await once(request, 'end');
    const asked = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body };
    all.push(asked);
    const { status = 200, headers = {}, body: said = {} } = reply(asked, all.length);
    response.writeHead(status, headers).end(typeof said === 'string' ? said : JSON.stringify(said));
  };
  server = await serve((request, response) => void answer(request, response));
  return all;
}

export const nowMs = Date.parse('2026-11-24T10:00:00Z');
export const pageAt = (url: string): PageRequest => ({
  method: 'GET',
  url,
  headers: { accept: 'application/json' },
  body: undefined,
});
export const page = pageAt('https://api.acme.example/v2/orders?a=1');

export interface Made {
  readonly authorizer: Authorizer;
  readonly known: KnownSecrets;
  readonly tokens: TokenStore;
}

export function make(auth: unknown, { tokens = createMemoryTokenStore(), now = () => nowMs } = {}): Made {
  const known = new KnownSecrets();
  const authorizer = createAuthorizer({
    auth: authSchema.parse(auth),
    baseUrl: `${server?.url}/v2`,
    tokens,
    exchange: createTokenExchange({ timeoutMs: 2000, now }),
    secret: async (name) => `secret of ${name}`,
    known,
    now,
  });
  return { authorizer, known, tokens };
}
export const sentBy = async ({ authorizer }: Made, request = page): Promise<PageRequest> =>
  authorizer.authorize(request);
export const failure = (made: Made): Promise<unknown> => sentBy(made).catch((error: unknown) => error);
export const valuesOf = (known: KnownSecrets): string[] => known.list().flatMap(({ values }) => values);
