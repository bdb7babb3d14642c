import { connect } from 'node:net';

export interface Walked {
  readonly rows: readonly Record<string, unknown>[];
  readonly pages: number;
}

type Json = Record<string, unknown>;

export const walks = {
  '/v1/payments': (url: string, limit: number) => byToken(`${url}/v1/payments?limit=${limit}`),
  '/v2/payments': async (url: string, limit: number): Promise<Walked> => {
    const pages: Json[] = [];
    for (let next: string | null = `${url}/v2/payments?limit=${limit}`; next !== null;) {
      const page: Json = await getJson(next);
      pages.push(page);
      next = page['next_url'] as string | null;
    }
    return walked(pages.map((page) => page['data']));
  },
  '/v1/customers': async (url: string, limit: number): Promise<Walked> => {
    const pages: unknown[] = [];
    for (let offset = 0, total = 1; offset < total; offset += limit) {
      const page = await getJson(`${url}/v1/customers?limit=${limit}&offset=${offset}`);
      pages.push(page['data']);
      total = page['total'] as number;
    }
    return walked(pages);
  },
  '/v2/customers': async (url: string, limit: number): Promise<Walked> => {
    const pages: unknown[] = [];
    for (let at = 1, last = 1; at <= last; at++) {
      const page = await getJson(`${url}/v2/customers?per_page=${limit}&page=${at}`);
      pages.push(page['data']);
      last = page['total_pages'] as number;
    }
    return walked(pages);
  },
  '/v1/refunds': async (url: string, limit: number): Promise<Walked> => {
    const pages: unknown[] = [];
    for (let next: string | undefined = `${url}/v1/refunds?per_page=${limit}`; next !== undefined;) {
      const response = await fetch(next);
      pages.push(await response.json());
      next = /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1];
    }
    return walked(pages);
  },
  '/v1/events': async (url: string, limit: number): Promise<Walked> => {
    const pages: unknown[] = [];
    for (let more = true, after = ''; more;) {
      const page = await getJson(`${url}/v1/events?limit=${limit}${after}`);
      const rows = page['data'] as Json[];
      pages.push(rows);
      after = `&starting_after=${String(rows.at(-1)?.['id'])}`;
      more = page['has_more'] as boolean;
    }
    return walked(pages);
  },
} as const;

export async function byToken(first: string, most = Infinity): Promise<Walked> {
  const pages: unknown[] = [];
  for (let next: string | null = first; next !== null && pages.length < most;) {
    const page: Json = await getJson(next);
    pages.push(page['data']);
    next = page['has_more'] === true ? `${first}&cursor=${String(page['next_cursor'])}` : null;
  }
  return walked(pages);
}

const walked = (pages: readonly unknown[]): Walked => ({ rows: pages.flat() as Json[], pages: pages.length });

export async function getJson(url: string, init?: RequestInit): Promise<Json> {
  return (await (await fetch(url, init)).json()) as Json;
}

export async function post(url: string, body: unknown): Promise<Response> {
  return await fetch(url, { method: 'POST', body: JSON.stringify(body) });
}

/** What one request brings over the bare wire, and how the connection ended. */
export async function rawGet(url: string, options: { readonly waitMs?: number } = {}) {
  const { hostname, port, pathname, search } = new URL(url);
  return await new Promise<{ readonly text: string; readonly end: string; readonly chunks: number }>((done) => {
    const parts: Buffer[] = [];
    const socket = connect(Number(port), hostname);
    const finish = (end: string) => {
      socket.destroy();
      done({ text: Buffer.concat(parts).toString(), end, chunks: parts.length });
    };
    if (options.waitMs !== undefined) socket.setTimeout(options.waitMs, () => finish('silence'));
    socket.on('data', (part: Buffer) => parts.push(part));
    socket.on('end', () => finish('end'));
    socket.on('error', (error: NodeJS.ErrnoException) => finish(String(error.code)));
    socket.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: close\r\n\r\n`);
  });
}

/** Status, lower-case headers and body of a raw answer. */
export function parsed(text: string) {
  const cut = text.indexOf('\r\n\r\n');
  const [first = '', ...lines] = text.slice(0, cut).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  return { status: Number(first.split(' ')[1]), headers, body: text.slice(cut + 4) };
}
