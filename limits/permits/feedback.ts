import { SECOND } from '../../core/duration.ts';
import type { Bucket } from '../declare/bucket.ts';
import { lessonsOf, type Lesson } from './learn.ts';
import type { Told } from './limiter.ts';
import type { PermitCalls } from './permit-calls.ts';

/** The same lesson is not written again within this time: a fast partner tells with each answer. */
const REPEAT_MS = 5 * SECOND;
const ENDPOINTS = 500;

/** Brings what answers told to the database, as seldom as it can. */
export class Feedback {
  readonly #calls: PermitCalls;
  readonly #buckets: readonly Bucket[];
  readonly #costNames: readonly string[];
  /** The last cost of each method and path. */
  readonly #costs = new Map<string, number>();
  readonly #known = new Map<string, { readonly left: number; readonly untilMs: number }>();

  constructor(calls: PermitCalls) {
    this.#calls = calls;
    this.#buckets = calls.buckets;
    this.#costNames = calls.buckets.filter(({ counts }) => counts === 'cost').map(({ name }) => name);
  }

  /** What a request of this kind is going to cost: as much as the last one, or what the definition assumes. */
  assumedCost(kind: string, otherwise: number): number {
    return this.#costs.get(kind) ?? otherwise;
  }

  async answered(told: Told, request: { readonly kind: string; readonly charged: number }): Promise<void> {
    await Promise.all([
      this.#settle(told.cost, request),
      ...lessonsOf(told.quotas, this.#buckets)
        .filter((lesson) => this.#isNews(lesson))
        .map((lesson) => this.#learn(lesson)),
    ]);
  }

  async #settle(cost: number | undefined, { kind, charged }: { kind: string; charged: number }): Promise<void> {
    if (cost === undefined || this.#costNames.length === 0) return;
    if (this.#costs.size >= ENDPOINTS) this.#costs.clear();
    this.#costs.set(kind, cost);
    if (cost !== charged) await this.#calls.settle(this.#costNames, cost - charged);
  }

  /** Less is left than told before, by more than what was asked for since would explain; or the old news is out of date. */
  #isNews(lesson: Lesson): boolean {
    const key = lesson.kind === 'bucket' ? lesson.bucket : '';
    const nowMs = performance.now();
    const known = this.#known.get(key);
    if (known !== undefined && known.untilMs > nowMs && lesson.left >= known.left / 2 && lesson.left > 2) return false;
    this.#known.set(key, { left: lesson.left, untilMs: nowMs + REPEAT_MS });
    return true;
  }

  #learn(lesson: Lesson): Promise<void> {
    return lesson.kind === 'bucket'
      ? this.#calls.tighten(lesson.bucket, lesson.left, lesson.resetInMs ?? null)
      : this.#calls.noteTold(lesson.left, lesson.resetInMs);
  }
}
