import { request } from 'node:http';

export interface Seen {
  readonly status: number;
  readonly statusText: string;
  /** `name: value`, of the headers that say something of limits. */
  readonly headers: readonly string[];
  readonly body: string;
}

/** Asks a partner until it refuses: the last answer that was fine, and the refusal. Two at once count as well. */
export async function exchange(url: string, path: string): Promise<{ readonly at: Seen; readonly beyond: Seen }> {
  let last: Seen | undefined;
  for (let page = 1; page <= 50; page += 2) {
    const pair = await Promise.all([send(`${url}${path}?page=${page}`), send(`${url}${path}?page=${page + 1}`)]);
    last = pair.findLast((seen) => seen.status < 400) ?? last;
    const beyond = pair.find((seen) => seen.status >= 400);
    if (beyond !== undefined && last !== undefined) return { at: last, beyond };
  }
  throw new Error('nothing was refused');
}

const others = /^(connection|content-length|content-type|date|keep-alive|transfer-encoding)$/;

function send(url: string): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers: { authorization: 'Bearer an-example' } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          statusText: answer.statusMessage ?? '',
          headers: Object.entries(answer.headers)
            .filter(([name]) => !others.test(name))
            .map(([name, value]) => `${name}: ${String(value)}`),
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    sent.on('error', reject);
    sent.end();
  });
}
