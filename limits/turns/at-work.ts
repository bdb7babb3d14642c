/** Between a page and the next request of a stream there is work to do, too. */
const RECENT_MS = 250;

interface Work {
  /** Requests in line or under way. */
  open: number;
  lastMs: number;
}

/** Which credentials this process works for just now: who is not alone must not keep the event loop to itself. */
export class AtWork {
  readonly #works = new Map<string, Work>();

  /** A request was asked for. Returns what is called once when it is over. */
  begin(credential: string): () => void {
    const work = this.#works.get(credential) ?? { open: 0, lastMs: 0 };
    this.#works.set(credential, work);
    work.open += 1;
    let over = false;
    return () => {
      if (over) return;
      over = true;
      work.open -= 1;
      work.lastMs = performance.now();
    };
  }

  besides(credential: string, nowMs: number): boolean {
    for (const [each, { open, lastMs }] of this.#works) {
      if (each === credential) continue;
      if (open > 0 || nowMs - lastMs < RECENT_MS) return true;
      this.#works.delete(each);
    }
    return false;
  }
}

/** Of this process: all have one event loop. */
export const atWork = new AtWork();
