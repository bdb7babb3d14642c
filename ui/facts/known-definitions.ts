import { stat } from 'node:fs/promises';
import { MINUTE, SECOND } from '../../core/duration.ts';
import { explain } from '../../core/errors.ts';
import { findPartner, listPartners } from '../../definitions/find.ts';
import { readShown, type ShownDefinition } from './shown-of-definition.ts';

/** The definitions as they are on disk. */
export interface Definitions {
  readonly partners: ReadonlyMap<string, ShownDefinition>;
  /** Those that do not load. */
  readonly broken: readonly { readonly partner: string; readonly problem: string }[];
}

const LOOK_MS = 5 * SECOND;
/** A definition in TypeScript may depend on files that it imports. */
const ANEW_MS = 5 * MINUTE;

interface Loaded {
  readonly changedMs: number;
  readonly loadedMs: number;
  readonly found: ShownDefinition | { readonly problem: string };
}

/**
 * Reads the definitions once, and again what has changed since. A page never waits for that, but for the first: a hundred files take
 * longer to read and check than all the rest of it.
 */
export class KnownDefinitions {
  readonly #dir: string;
  #loaded: ReadonlyMap<string, Loaded> = new Map();
  #looking: Promise<void> | undefined;
  #lookedMs = -Infinity;

  constructor(dir: string) {
    this.#dir = dir;
  }

  async present(): Promise<Definitions> {
    const first = this.#lookedMs === -Infinity;
    if (performance.now() - this.#lookedMs > LOOK_MS) {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined;
      });
      if (first) await this.#looking;
    }
    const partners = new Map<string, ShownDefinition>();
    const broken: { partner: string; problem: string }[] = [];
    for (const [partner, { found }] of this.#loaded)
      if ('problem' in found) broken.push({ partner, problem: found.problem });
      else partners.set(partner, found);
    return { partners, broken };
  }

  async #look(): Promise<void> {
    const loaded = new Map<string, Loaded>();
    for (const name of await listPartners(this.#dir).catch(() => [])) loaded.set(name, await this.#one(name));
    this.#loaded = loaded;
    this.#lookedMs = performance.now();
  }

  async #one(name: string): Promise<Loaded> {
    const nowMs = performance.now();
    const known = this.#loaded.get(name);
    try {
      const { mtimeMs: changedMs } = await stat(await findPartner(name, this.#dir));
      if (known?.changedMs === changedMs && nowMs - known.loadedMs < ANEW_MS) return known;
      return { changedMs, loadedMs: nowMs, found: await readShown(name, this.#dir) };
    } catch (error) {
      return { changedMs: Number.NaN, loadedMs: nowMs, found: { problem: explain(error) } };
    }
  }
}
