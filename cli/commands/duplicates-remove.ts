import type { Pool } from 'pg';
import { DAY, parseDuration } from '../../core/duration.ts';
import { InvalidInput } from '../../core/errors.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { DuplicateSettings } from '../../definitions/duplicates.ts';
import { countBack } from '../../landing/count-back.ts';
import { withAllMade } from '../../landing/made-columns.ts';
import {
  countRedundant,
  notRemovable,
  removeRedundant,
  type RemovedRows,
  type RemoveInput,
} from '../../landing/remove-duplicates.ts';
import { plansWithFollowers } from '../../store/duplicates/changes.ts';
import { readPlan } from '../../store/duplicates/plans.ts';
import { listRemovals, type Removal } from '../../store/duplicates/removals.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { loadKnownDuplicates } from '../known-streams.ts';
import { whole } from '../pair-filter.ts';
import { givenReason, whoami } from '../person.ts';

export interface RemoveOptions {
  readonly yes?: boolean;
  readonly expect?: string;
  readonly reason?: string;
  readonly after?: string;
}

type RemoveContext = CommandContext<RemoveOptions> & { readonly plan: string };

interface OfStream {
  /** `crm.contacts`. */
  readonly name: string;
  readonly input: RemoveInput;
  /** Why nothing of it can go. */
  readonly not: string | undefined;
}

/** Takes rows that a plan has merged out of their tables, or says which ones would go. */
export async function removeDuplicates(context: RemoveContext): Promise<number> {
  const { config, output, options, plan: text } = context;
  const plan = whole('plan', text);
  const afterMs = afterOf(options.after);
  const wants = options.yes === true ? wanted(options) : undefined;
  const { streams } = await loadKnownDuplicates(config);
  return withDatabase(config, async (pool) => {
    const { plans, all } = await streamsOf(pool, { config, plan, streams, afterMs, reason: wants?.reason ?? '' });
    const before = await Promise.all((await listRemovals(pool, plans)).map((removal) => withBack(pool, removal, all)));
    const found: (OfStream & { readonly rows: RemovedRows | undefined })[] = [];
    for (const each of all)
      found.push({ ...each, rows: each.not === undefined ? await countRedundant(pool, each.input) : undefined });
    const count = found.reduce((sum, { rows }) => sum + (rows?.rows ?? 0), 0);
    for (const each of found) for (const line of streamLines(each)) output.say(line);
    for (const each of before) output.say(beforeLine(each));
    if (wants === undefined) {
      output.json({ plan, removes: count, streams: found.map(shortOf), before });
      output.say(
        count === 0
          ? 'Nothing can be removed now.'
          : `Nothing was removed: \`syncline duplicates remove ${plan} --yes --expect ${count} --reason …\` removes ${count} rows.`,
      );
      return exitCodes.ok;
    }
    if (count !== wants.expect)
      throw new InvalidInput(`--expect: expected ${wants.expect} rows, and there are ${count}: nothing was removed`);
    const done: (OfStream & { readonly rows: RemovedRows })[] = [];
    for (const { rows, ...each } of found)
      if (rows !== undefined && rows.rows > 0)
        done.push({ ...each, rows: await removeRedundant(pool, { ...each.input, expected: rows.rows }) });
    const removed = done.reduce((sum, { rows }) => sum + (rows.state === 'removed' ? rows.rows : 0), 0);
    output.json({ plan, removed, streams: done.map(shortOf), before });
    for (const each of done) output.say(doneLine(plan, each));
    const states = new Set(done.map(({ rows }) => rows.state));
    return states.has('waiting') ? exitCodes.deferred : states.has('refused') ? exitCodes.partial : exitCodes.ok;
  });
}

function afterOf(text: string | undefined): number {
  const ms = text === undefined ? 7 * DAY : parseDuration(text);
  if (ms === undefined || ms < 0)
    throw new InvalidInput(`--after: expected a duration such as 7d or 12h, found ${JSON.stringify(text)}`);
  return ms;
}

function wanted({ expect, reason }: RemoveOptions): { readonly expect: number; readonly reason: string } {
  if (expect === undefined || reason === undefined)
    throw new InvalidInput(
      '--yes needs --expect with the number of rows that the command names without it, and --reason',
    );
  return { expect: whole('--expect', expect), reason: givenReason(reason) };
}

async function streamsOf(
  pool: Pool,
  {
    config,
    plan,
    streams,
    afterMs,
    reason,
  }: Pick<RemoveContext, 'config'> & {
    readonly plan: number;
    readonly streams: ReadonlyMap<string, CompiledStream>;
    readonly afterMs: number;
    readonly reason: string;
  },
): Promise<{ readonly plans: readonly number[]; readonly all: readonly OfStream[] }> {
  const { name, settings } = await readPlan(pool, plan);
  const plans = await plansWithFollowers(pool, plan);
  const id = config.names.duplicatesPlanId({ name, plan });
  const all: OfStream[] = [];
  for (const { stream: place, changed } of (settings as DuplicateSettings).from) {
    const known = streams.get(place);
    if (known === undefined) continue;
    const stream = (await withAllMade(pool, new Map([[known.name, known]]))).get(known.name) ?? known;
    const input = { ...{ name, plan, plans, stream, changed, afterMs, reason, id }, by: whoami() };
    all.push({ name: place, input, not: notRemovable(stream) });
  }
  return { plans, all };
}

type Before = Removal & { readonly at: string };

async function withBack(
  pool: Pool,
  removal: Omit<Removal, 'back'> & { readonly streamId: number },
  all: readonly OfStream[],
): Promise<Before> {
  const stream = all.find(({ name }) => name === `${removal.partner}.${removal.stream}`)?.input.stream;
  const back = stream === undefined || removal.undone ? 0 : await countBack(pool, { stream, removal: removal.removal });
  return { ...removal, back };
}

const shortOf = ({ name, not, rows }: OfStream & { readonly rows: RemovedRows | undefined }) => ({
  stream: name,
  ...(not === undefined ? {} : { not }),
  ...rows,
});

function streamLines({ name, not, rows }: OfStream & { readonly rows: RemovedRows | undefined }): readonly string[] {
  if (rows === undefined) return [`${name}: nothing can be removed, since ${not}`];
  return [
    `${name}: ${rows.rows} of ${rows.of} rows are redundant; for them ${rows.survivors} rows stay, the newest of each golden record`,
    ...(rows.young === 0 ? [] : [`  ${rows.young} others are left: they were merged too short a time ago (--after)`]),
    ...rows.lost.map(
      ({ column, only, others }) =>
        `  ${column}: ${only} values are only in rows that would go, ${others} differ from the row that stays`,
    ),
  ];
}

const beforeLine = ({ at, removed, partner, stream, syncId, undone, back }: Before): string =>
  `Removed before, at ${at.slice(0, 16).replace('T', ' ')}: ${removed} rows of ${partner}.${stream} by ${syncId}${
    undone ? ', which was undone' : back === 0 ? '' : `; ${back} of them came back, since their records changed`
  }`;

function doneLine(plan: number, { name, rows }: OfStream & { readonly rows: RemovedRows }): string {
  if (rows.state === 'waiting')
    return `${name}: ${rows.rows} rows wait for approval ${rows.approval?.id}: \`syncline approvals approve ${rows.approval?.id} --reason …\`, then \`syncline duplicates remove ${plan}\` goes on`;
  if (rows.state === 'refused') return `${name}: nothing was removed: its approval is ${rows.approval?.state}`;
  return `${name}: ${rows.rows} rows were removed. \`syncline undo run ${rows.syncId} --apply --reason …\` brings them back.`;
}
