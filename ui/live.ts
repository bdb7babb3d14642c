import type { ServerResponse } from 'node:http';
import { SECOND } from '../core/duration.ts';

const LOOK_MS = 2 * SECOND;
/** Ages grow, and promises are broken, without anything that happens. */
const ANYWAY_MS = 30 * SECOND;
const MOST = 200;

/** Tells open pages that something has changed, by server-sent events. It looks only while somebody listens, once for all of them. */
export class Live {
  readonly #pulse: () => Promise<string>;
  readonly #listeners = new Set<ServerResponse>();
  #timer: NodeJS.Timeout | undefined;
  #last: string | undefined;
  #toldMs = 0;
  #closed = false;

  constructor(pulse: () => Promise<string>) {
    this.#pulse = pulse;
  }

  /** False: there are too many already. What happens after the answer has begun is told. */
  async listen(response: ServerResponse): Promise<boolean> {
    if (this.#closed || this.#listeners.size >= MOST) return false;
    if (this.#last === undefined) {
      this.#toldMs = performance.now();
      this.#last = await this.#pulse().catch(() => undefined);
    }
    // Who left meanwhile has said so already, and would stay a listener for ever.
    if (response.destroyed) return true;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    response.write(`retry: ${5 * SECOND}\n\n`);
    this.#listeners.add(response);
    response.on('close', () => this.#listeners.delete(response));
    if (this.#timer === undefined) this.#next();
    return true;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const response of this.#listeners) response.end();
  }

  #next(): void {
    this.#timer = setTimeout(() => void this.#look(), LOOK_MS);
  }

  async #look(): Promise<void> {
    if (this.#listeners.size === 0 || this.#closed) {
      this.#timer = undefined;
      this.#last = undefined;
      return;
    }
    // A database that is away is tried again at the next look; the pages say by themselves that they cannot be read.
    const now = await this.#pulse().catch(() => this.#last);
    const old = performance.now() - this.#toldMs > ANYWAY_MS;
    if (this.#last !== undefined && (now !== this.#last || old)) this.#tell();
    else for (const response of this.#listeners) response.write(':\n\n');
    this.#last = now;
    if (!this.#closed) this.#next();
  }

  #tell(): void {
    this.#toldMs = performance.now();
    for (const response of this.#listeners) response.write('event: changed\ndata:\n\n');
  }
}
