import { addUnfit, noUnfit, withoutUnfit, type UnfitEvents } from '../core/unfit-events.ts';
import type { DecodedEvents } from './applied-events.ts';
import type { Taking } from './changes-of.ts';
import type { HistoryTaking } from './history-rows.ts';

/**
 * What a table lacks, as events are applied to it: one that fits the definition no longer is noted, until a newer one of its key is
 * applied, or the key is deleted.
 */
export class UnfitTally {
  #unfit: UnfitEvents;
  readonly #taking: Taking | HistoryTaking;
  /** Of those that are told apart, the keys they came with. */
  readonly #keys: Map<number, string | null>;

  /** `noted`: by the loads of before. */
  constructor(taking: Taking | HistoryTaking, noted: UnfitEvents, keys: ReadonlyMap<number, string | null>) {
    this.#taking = taking;
    this.#unfit = noted;
    this.#keys = new Map(keys);
  }

  get unfit(): UnfitEvents {
    return this.#unfit;
  }

  /** Every row of the table goes: what it lacked before does not matter. */
  clear(): void {
    this.#unfit = noUnfit;
    this.#keys.clear();
  }

  /** The next events in the order in which they are applied. */
  take({ applied, unfit }: DecodedEvents): void {
    const repairs = applied.filter(({ repair }) => repair !== undefined);
    if (repairs.length === 0) return this.#take({ applied, unfit });
    this.#takeAnew(repairs);
    const anew = new Map(repairs.map(({ key, event }) => [key, event]));
    // What comes before the last `r` of its key is among what that names, or counts no more.
    const isLeft = ({ key, event }: { readonly key: string | null; readonly event: number }): boolean =>
      key === null || (anew.get(key) ?? 0) < event;
    this.#take({ applied: applied.filter(isLeft), unfit: unfit.filter(isLeft) });
  }

  #take({ applied, unfit }: DecodedEvents): void {
    if (this.#keys.size === 0 && unfit.length === 0) return;
    const newest = new Map<string, number>();
    for (const { event, operation, key } of applied)
      // Where each event is a row, none stands for another. In a history none goes, either.
      if (key !== null && !isHistory(this.#taking) && (operation === 'd' || this.#taking !== 'each'))
        newest.set(key, event);
    const gone = new Set<number>();
    for (const [event, key] of this.#keys) if (key !== null && newest.has(key)) gone.add(event);
    const left = unfit.filter(({ event, key }) => key === null || (newest.get(key) ?? 0) < event);
    this.#unfit = addUnfit(withoutUnfit(this.#unfit, gone), left);
    for (const event of gone) this.#keys.delete(event);
    const toldApart = new Set(this.#unfit.events);
    for (const { event, key } of left) if (toldApart.has(event)) this.#keys.set(event, key);
  }

  /** Of a key that is decided anew, what it lacked before does not matter. */
  #takeAnew(repairs: DecodedEvents['applied']): void {
    const last = new Map(repairs.map((each) => [each.key, each]));
    const gone = [...this.#keys].flatMap(([event, key]) => (last.has(key) ? [event] : []));
    this.#unfit = withoutUnfit(this.#unfit, new Set(gone));
    for (const event of gone) this.#keys.delete(event);
    for (const { repair } of last.values()) this.#take({ applied: repair?.events ?? [], unfit: repair?.unfit ?? [] });
  }
}

const isHistory = (taking: Taking | HistoryTaking): boolean => taking === 'versions' || taking === 'listings';
