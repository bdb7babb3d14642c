import type { PageRequest } from '../../core/page.ts';
import type { Opened } from './read-answer.ts';

/** Answers that are read part by part, one for each request, as long as there are parts left. */
export class HeldAnswers {
  readonly #answers = new Map<string, Opened>();

  get size(): number {
    return this.#answers.size;
  }

  of(request: PageRequest): Opened | undefined {
    return this.#answers.get(keyOf(request));
  }

  /** `further`: a part of it is left to be read. */
  note(request: PageRequest, { further, opened }: { readonly further: boolean; readonly opened: Opened }): void {
    if (further) this.#answers.set(keyOf(request), opened);
    // One that was read whole may still be asked for its text.
    else if (this.#answers.delete(keyOf(request))) close(opened);
  }

  /** Nobody reads on. */
  close(): void {
    for (const opened of this.#answers.values()) close(opened);
    this.#answers.clear();
  }
}

function close({ files }: Opened): void {
  for (const file of files) if (!Buffer.isBuffer(file)) file.close();
}

const keyOf = ({ method, url, body }: PageRequest): string => `${method} ${url} ${body ?? ''}`;
