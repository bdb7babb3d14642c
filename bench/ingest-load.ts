import { Agent, request } from 'node:http';

export interface Load {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly seconds: number;
  /** The body of the request with this number. */
  readonly body: (no: number) => string;
}

export interface Loaded {
  readonly requests: number;
  /** Requests per second. */
  readonly rate: number;
  /** Milliseconds from the first byte sent to the last one received. */
  readonly p50: number;
  readonly p99: number;
}

/** Sends one request behind the other over each connection for a time. Any answer but 202 is an error. */
export async function load({ url, headers, connections, seconds, body }: Load): Promise<Loaded> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const took: number[] = [];
  const startedAt = performance.now();
  const until = startedAt + seconds * 1000;
  let no = 0;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (performance.now() < until) {
        const sentAt = performance.now();
        await post(agent, url, headers, body((no += 1)));
        took.push(performance.now() - sentAt);
      }
    }),
  );
  const elapsed = (performance.now() - startedAt) / 1000;
  agent.destroy();
  const sorted = took.toSorted((a, b) => a - b);
  const at = (share: number): number => Number((sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1));
  return { requests: took.length, rate: took.length / elapsed, p50: at(0.5), p99: at(0.99) };
}

function post(agent: Agent, url: string, headers: Readonly<Record<string, string>>, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { agent, method: 'POST', headers: { ...headers, 'content-length': Buffer.byteLength(body) } },
      (answer) => {
        answer.resume();
        answer.on('end', () => {
          if (answer.statusCode === 202) resolve();
          else reject(new Error(`answered ${answer.statusCode}`));
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}
