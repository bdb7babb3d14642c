import type { ClientBase } from 'pg';
import type { Folded } from '../core/fold.ts';
import type { Column } from '../core/column.ts';
import { keyParts } from '../core/key-text.ts';
import type { StagedRecord } from '../core/staged.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { lookAtAll } from '../store/rules/broken-rules.ts';
import type { Brought } from '../store/waiting/find-waiting.ts';
import { hasColumns } from '../targets/postgres/present.ts';
import { judgeRule, placesOf, type Place } from './judge-rules.ts';
import type { LockedStream } from './related-locks.ts';

interface Of {
  readonly stream: CompiledStream;
  readonly streamId: number;
  /** null: the stream's last one. */
  readonly runNo: number | null;
}

/**
 * Looks whether a stream's rules hold behind a commit, for what the changed rows belong to: before and afterwards, since a row may move. Under the stream's
 * lock nobody else changes it meanwhile.
 */
export class RuleCheck {
  readonly #client: ClientBase;
  readonly #of: Of;
  readonly #keys: readonly string[];
  /** By the columns of a rule. */
  readonly #before: ReadonlyMap<string, readonly Place[]>;

  private constructor(
    client: ClientBase,
    of: Of,
    at: { readonly keys: readonly string[]; readonly before: ReadonlyMap<string, readonly Place[]> },
  ) {
    this.#client = client;
    this.#of = of;
    this.#keys = at.keys;
    this.#before = at.before;
  }

  /** Call it before rows are written. undefined: the stream has no rules, or no row changes. */
  static async begin(
    client: ClientBase,
    of: Of,
    folded: Pick<Folded<StagedRecord>, 'inserts' | 'updates' | 'dead'>,
  ): Promise<RuleCheck | undefined> {
    const { rules } = of.stream;
    if (rules === undefined) return undefined;
    const changed = [...folded.inserts, ...folded.updates].flatMap(({ record: { key } }) => key ?? []);
    const keys = [...new Set([...changed, ...(folded.dead ?? []).map(({ key }) => key)])];
    return keys.length === 0
      ? undefined
      : new RuleCheck(client, of, { keys, before: await placesByColumns(client, of.stream, keys) });
  }

  async end(): Promise<void> {
    const { stream, streamId, runNo } = this.#of;
    const after = await placesByColumns(this.#client, stream, this.#keys);
    for (const rule of stream.rules?.rules ?? []) {
      const id = columnsId(rule.per);
      const places = [...(this.#before.get(id) ?? []), ...(after.get(id) ?? [])];
      await judgeRule(this.#client, rule, { stream, streamId, runNo, places });
    }
  }
}

async function placesByColumns(
  client: ClientBase,
  stream: CompiledStream,
  keys: readonly string[],
): Promise<ReadonlyMap<string, readonly Place[]>> {
  const found = new Map<string, readonly Place[]>();
  for (const { per } of stream.rules?.rules ?? [])
    if (!found.has(columnsId(per))) found.set(columnsId(per), await placesOf(client, { stream, per, keys }));
  return found;
}

const columnsId = (per: readonly Column[]): string => JSON.stringify(per.map(({ name }) => name));

/** Records came, or have changed, that limit what others may sum up to. Call it under the locks of `lockRelated`. */
export async function checkLimits(
  client: ClientBase,
  {
    locked,
    stream: name,
    brought,
  }: {
    readonly locked: ReadonlyMap<string, LockedStream>;
    readonly stream: string;
    readonly brought: readonly Brought[];
  },
): Promise<void> {
  const keys = [...new Set(brought.flatMap(({ field, value }) => (field === '' ? [value] : [])))];
  if (keys.length === 0) return;
  for (const { stream, streamId, isFitted } of locked.values())
    for (const rule of stream.rules?.rules ?? []) {
      if (!rule.bounds.some(({ limit }) => typeof limit === 'object' && limit.stream === name)) continue;
      // The stream's next run makes its table fit, and looks at all of it.
      const columns = [...rule.per, ...(rule.sum === undefined ? [] : [rule.sum])];
      if (!isFitted || !(await hasColumns(client, { stream, columns }))) await lookAtAll(client, streamId);
      else
        await judgeRule(client, rule, {
          stream,
          streamId,
          runNo: null,
          places: keys.map((key) => keyParts(key, rule.per.length)),
        });
    }
}
