/** A secret by the name that stored texts have in its place. */
export interface KnownSecret {
  readonly name: string;
  /** The present one first, then those of before: an answer may repeat what its request carried. */
  readonly values: readonly string[];
}

/** A partner's secrets as its requests carry them. Told of each new value by whoever uses it. */
export class KnownSecrets {
  readonly #former: readonly KnownSecret[];
  readonly #noted = new Map<string, readonly string[]>();
  #list: readonly KnownSecret[] | undefined;

  /** `former`: of the same partner, before its definition was read again. */
  constructor(former: readonly KnownSecret[] = []) {
    this.#former = former;
  }

  note(name: string, value: string | null | undefined): void {
    if (value === undefined || value === null || value === '') return;
    const known = this.#noted.get(name) ?? [];
    if (known[0] === value) return;
    this.#noted.set(name, latest([value, ...known]));
    this.#list = undefined;
  }

  /** The same object until another value is noted. */
  list(): readonly KnownSecret[] {
    return (this.#list ??= [...this.#noted].map(([name, values]) => ({
      name,
      values: latest([...values, ...this.#before(name)]),
    })));
  }

  #before(name: string): readonly string[] {
    return this.#former.find((secret) => secret.name === name)?.values ?? [];
  }
}

/** An access token may live for a minute, and an answer for as long. */
const KEPT = 8;

const latest = (values: readonly string[]): readonly string[] => [...new Set(values)].slice(0, KEPT);
