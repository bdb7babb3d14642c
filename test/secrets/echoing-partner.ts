import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CANARY, canary } from './canary.ts';

export interface EchoingPartner {
  readonly url: string;
  /** What came otherwise than the partner had said: the next request of a listing. */
  readonly wrong: string[];
  /** The secrets that it has repeated, by the first part of the path. */
  readonly repeated: ReadonlyMap<string, ReadonlySet<string>>;
  close(): Promise<void>;
}

const PAGES = 6;

interface Asked {
  readonly path: string;
  readonly params: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Repeats every secret that it is shown: in links, tokens, headers and errors, in another form on each page. */
export async function startEchoingPartner(
  shared: Readonly<Record<string, readonly string[]>>,
): Promise<EchoingPartner> {
  const seen = new Map(Object.entries(shared).map(([auth, secrets]) => [auth, new Set(secrets)]));
  const said = new Map<string, string>();
  const wrong: string[] = [];
  let granted = 0;

  const answer = (asked: Asked, response: ServerResponse): void => {
    const [, auth = '', kind = '', place = ''] = asked.path.split('/');
    const secrets = seen.get(auth) ?? new Set<string>();
    seen.set(auth, secrets);
    for (const secret of secretsIn(asked)) secrets.add(secret);
    if (kind === 'oauth') {
      const given = {
        // What functions keep, each process has for itself: those of another are not its to know.
        access_token: canary(`${auth}-access-${auth === 'prepared' ? 1 : ++granted}`),
        ...(['clientCredentials', 'refreshToken'].includes(auth)
          ? { refresh_token: canary(`${auth}-refresh-new`) }
          : {}),
      };
      for (const secret of Object.values(given)) secrets.add(secret);
      response.setHeader('set-cookie', [
        'a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT',
        `sid=${given.access_token}; Path=/`,
      ]);
      response.end(JSON.stringify({ ...given, token_type: 'bearer', expires_in: 3600 }));
      return;
    }
    const all = [...secrets];
    const everything = all.join(' ');
    response.setHeader('etag', `"${everything}"`);
    response.setHeader('x-request-id', all[0] ?? 'none');
    response.setHeader('content-type', `application/json; note="${everything}"`);
    response.setHeader('ratelimit-policy', all.map((secret) => `"${secret}";q=10000;w=60`).join(', '));
    response.setHeader('ratelimit', all.map((secret) => `"${secret}";r=9999;t=60`).join(', '));
    if (kind === 'refused') {
      response.writeHead(400).end(JSON.stringify({ error: everything, code: everything }));
      return;
    }
    if (kind === 'garbled') {
      response.end(`<p>${everything}`);
      return;
    }
    if (kind === 'misplaced') {
      response.end(JSON.stringify(Object.fromEntries(all.map((secret) => [secret, [1]]))));
      return;
    }
    if (kind === 'abroad') {
      response.end(JSON.stringify({ data: [], next: `http://me:${encodeURIComponent(all[0] ?? '')}@127.0.0.1:1/x` }));
      return;
    }
    const listing = `${auth}/${kind}`;
    const came = place === '' ? cursorOf(asked) : sorted(`${asked.path}?${asked.params.toString()}`, auth);
    const page = came === undefined ? 1 : Number(/page(\d)/.exec(came)?.[1]);
    if (came !== undefined && came !== said.get(`${listing} ${page}`)) wrong.push(`${listing} page ${page}: ${came}`);
    const next = page < PAGES ? nextOf(listing, page + 1, all) : undefined;
    if (next !== undefined) said.set(`${listing} ${page + 1}`, next.startsWith('/') ? sorted(next, auth) : next);
    if (kind === 'header' && next !== undefined) response.setHeader('x-next', next);
    if (kind === 'link' && next !== undefined) response.setHeader('link', `<${next}>; rel="next"`);
    response.end(JSON.stringify({ data: [{ id: `${listing} ${page}` }], next }));
  };

  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.once('end', () => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://here');
      answer({ path: pathname, params: searchParams, headers: request.headers, body }, response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    wrong,
    repeated: seen,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** As it came, and unpacked. Cursors of before are no secrets, though they hold some. */
function secretsIn({ headers, params, body }: Asked): string[] {
  const { authorization = '', 'x-api-key': key } = headers;
  const [scheme, credentials = ''] = authorization.split(' ');
  const pair = scheme === 'Basic' ? Buffer.from(credentials, 'base64').toString() : '';
  const form = body.startsWith('{') ? new URLSearchParams() : new URLSearchParams(body);
  const inBody = body.startsWith('{') ? (JSON.parse(body) as { pin?: string; inner?: { password?: string } }) : {};
  const named = ['api_key', 'tenant', 'client_secret', 'refresh_token', 'pin', 'access_token'];
  return [
    ...(scheme === 'Bearer' || scheme === 'Basic' ? [credentials] : []),
    ...pair.split(':').map((part) => decodeURIComponent(part)),
    ...named.flatMap((name) => [params.get(name), form.get(name)]),
    ...[key, headers['x-tenant'], headers['x-amz-security-token'], inBody.pin, inBody.inner?.password].flat(),
    ...(/sid=(.*)/.exec(headers.cookie ?? '')?.slice(1) ?? []),
  ].filter((text): text is string => typeof text === 'string' && canHold(text));
}

const canHold = (text: string): boolean =>
  text.includes(CANARY) || Buffer.from(text, 'base64').toString().includes(CANARY);

function cursorOf({ params, headers, body }: Asked): string | undefined {
  const inBody = body.startsWith('{') ? (JSON.parse(body) as { after?: string }).after : undefined;
  return params.get('cursor') ?? headers['x-cursor']?.toString() ?? inBody;
}

/** Where a URL points, whatever the order of its parameters; a key in the query is ours to add. */
function sorted(url: string, auth: string): string {
  const { pathname, searchParams } = new URL(url, 'http://here');
  if (auth === 'queryKey') searchParams.delete('api_key');
  if (auth === 'loginQuery') searchParams.delete('access_token');
  searchParams.sort();
  return `${pathname}?${searchParams.toString()}`;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

const forms: readonly ((secrets: readonly string[]) => string)[] = [
  (secrets) => secrets.join(' '),
  (secrets) => secrets.map((secret) => encodeURIComponent(secret)).join('&'),
  (secrets) => secrets.map(base64).join('.'),
  (secrets) => base64(JSON.stringify({ after: 7, secrets })),
  (secrets) => encodeURIComponent(base64(`x${secrets.join('|')}`)),
];

function nextOf(listing: string, page: number, secrets: readonly string[]): string {
  const text = (forms[page - 2] as (typeof forms)[number])(secrets);
  if (!/nextUrl|link/.test(listing)) return `page${page}:${text}`;
  const url = new URL(`http://here/${listing}/${encodeURIComponent(secrets[0] ?? '')}/page${page}`);
  secrets.forEach((secret, i) => url.searchParams.append(i === 0 ? 'access_token' : `q${i}`, secret));
  url.searchParams.append('all', text);
  // What only the partner knows, under the name of a secret.
  url.searchParams.append('sig', `${CANARY}-signed-${page}`);
  if (listing.startsWith('queryKey')) url.searchParams.append('api_key', secrets[0] ?? '');
  return `${url.pathname}${url.search}`;
}
