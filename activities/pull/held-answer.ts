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
    else this.#answers.delete(keyOf(request));
  }
}

const keyOf = ({ method, url, body }: PageRequest): string => `${method} ${url} ${body ?? ''}`;
