import { valueAt } from '../../../../core/json.ts';
import { CannotGenerate } from '../cannot-generate.ts';
import { setAt, type Made } from '../record-of.ts';

/** What an answer holds, however it is written: its records, and what it says of the listing. */
export class Content {
  readonly #value: Made = {};
  readonly #records: readonly string[];
  readonly #page: readonly Made[];

  /** `records`: the names that lead to the list. A `*` first: what holds a record each is the list. */
  constructor(records: readonly string[], page: readonly Made[]) {
    const [first, ...within] = records;
    const isList = first === undefined || first === '*';
    this.#records = isList ? [] : records;
    this.#page = isList && within.length > 0 ? page.map((record) => wrapped(within, record)) : page;
    if (!isList) setAt(this.#value, records, page);
  }

  /** Nothing where the definition names no path. Throws CannotGenerate where the answer has no such place. */
  put(path: string | undefined, value: unknown): void {
    if (path === undefined) return;
    const [place] = this.#records;
    if (place === undefined)
      throw new CannotGenerate(`the answer is the list of records itself, so nothing can stand at "${path}"`);
    const steps = path.startsWith('@') ? [path] : path.split('.');
    setAt(this.#value, steps, value);
    if (valueAt(this.#value, [...this.#records]) !== this.#page)
      throw new CannotGenerate(`"${path}" and the records below "${place}" stand in the same place of the answer`);
  }

  get value(): Made | readonly Made[] {
    return this.#records.length === 0 ? this.#page : this.#value;
  }
}

function wrapped(path: readonly string[], record: Made): Made {
  const around: Made = {};
  setAt(around, path, record);
  return around;
}
