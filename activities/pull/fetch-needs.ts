import { neededWords } from '../../core/need.ts';
import { dayOf } from '../../core/window.ts';
import { writeCheckpoint } from '../../core/checkpoint.ts';
import type { StagedPage } from '../../core/staged.ts';
import type { CompiledFetch, CompiledNeed, CompiledStream } from '../../definitions/compiled.ts';
import { definitionOfOne } from '../../definitions/fetch-need.ts';
import type { OpenedStream } from '../../landing/warehouse.ts';
import type { GrantInput } from '../../messages/grant.ts';
import type { PartnerAccess } from '../access.ts';
import { fetchPage } from './fetch-page.ts';
import type { PullContext, PullDeps } from './pull-deps.ts';
import type { FetchDeps } from './send-one.ts';
import { stagedPage } from './staged-page.ts';

export interface FetchNeedsDeps extends Pick<PullDeps, 'warehouse' | 'accessOf' | 'failpoint' | 'now'> {
  /** What a call of this stream needs, within the permits, the lane and the pause of the grant. */
  readonly callsOf: (access: PartnerAccess) => FetchDeps;
  readonly mayGoOn: () => boolean;
  /** An answer is done with. */
  readonly onAnswer: () => void;
}

interface Waiting {
  readonly stream: CompiledStream;
  /** Of the run whose records wait. */
  readonly streamId: number;
  readonly input: GrantInput;
  readonly writer: PullContext['writer'];
}

/**
 * Asks the partner for what a run's records wait for, each by one call, and commits what comes to the stream that it belongs to: in a run and
 * pages of its own, which move no watermark. What came before an end of the worker is there already, and is not asked for again.
 */
export async function fetchNeeds(deps: FetchNeedsDeps, waiting: Waiting): Promise<'more' | 'done'> {
  const { stream, streamId, input } = waiting;
  const { warehouse } = deps;
  const { syncId } = input;
  await warehouse.forgetAsked({ partner: input.partner, syncId });
  const open = new Map((await warehouse.openFetches(syncId)).map((run) => [run.stream, run.syncId]));
  for (const need of stream.relations?.needs ?? []) {
    if (need.fetch === undefined) continue;
    const values = await warehouse.lackingNeeds({ stream, streamId, need, syncId });
    if (values.length === 0 && !open.has(need.stream)) continue;
    const access = await deps.accessOf(need.stream);
    const one = new NeededStream(deps, { ...waiting, access, need, fetch: need.fetch });
    const last = await one.bring(values, open.get(need.stream));
    if (last === 'more') return 'more';
    open.delete(need.stream);
  }
  return 'done';
}

interface Bringing extends Waiting {
  readonly access: PartnerAccess;
  readonly need: CompiledNeed;
  readonly fetch: CompiledFetch;
}

class NeededStream {
  readonly #deps: FetchNeedsDeps;
  readonly #of: Bringing;
  /** As one of its records is asked for. */
  readonly #one: CompiledStream;
  #opened: OpenedStream | undefined;
  #before = '';
  #pageNo = 0;

  constructor(deps: FetchNeedsDeps, of: Bringing) {
    this.#deps = deps;
    this.#of = of;
    const { stream } = of.access;
    const { definition, fields } = of.fetch;
    this.#one = { ...stream, definition: definitionOfOne(stream.definition, definition), one: fields };
  }

  /** `begun`: a run that was begun for it, and whose end a worker did not live to see. */
  async bring(values: readonly string[], begun: string | undefined): Promise<'more' | 'done'> {
    if (begun !== undefined) await this.#open(begun);
    for (const value of values) {
      if (!this.#deps.mayGoOn()) return 'more';
      await this.#ask(value);
      this.#deps.onAnswer();
    }
    await this.#end();
    return 'done';
  }

  async #ask(value: string): Promise<void> {
    const { access, need, input } = this.#of;
    const { warehouse, failpoint } = this.#deps;
    const fetched = await fetchPage(this.#deps.callsOf(access), {
      stream: this.#one,
      position: { cursor: null, range: null, parents: [value] },
      pageNo: this.#pageNo + 1,
      known: null,
      beyond: false,
      resumed: false,
      restarts: 0,
    });
    const { answer } = fetched;
    const page = fetched.read();
    let refused: string | null = null;
    if (page.refused !== undefined) refused = NOT_THERE.includes(answer.status) ? null : page.refused;
    else if (page.records.length > 0) {
      const run = await this.#run();
      const staged = await stagedPage(warehouse, {
        stream: access.stream,
        syncId: run.syncId,
        page: { ...page, validators: null },
        answer,
        at: { slice: 0, parents: [], cursor: value },
        pageNo: this.#pageNo + 1,
        before: this.#before,
        after: writeCheckpoint({ slice: 0, parents: [], cursor: value, expected: null, done: true }),
      });
      refused = this.#misfit(staged, value);
      if (refused === null) {
        await failpoint('fetched.before');
        await this.#commit(staged);
        await failpoint('fetched.after');
      }
      staged.lines.release();
    }
    const { partner, syncId } = input;
    const place = { partner, needed: need.stream, field: need.field };
    await warehouse.noteAsked({ ...place, value, status: answer.status, refused, syncId });
  }

  /** Why an answer is none to what was asked; null: it is one. */
  #misfit({ records, rejected }: StagedPage, value: string): string | null {
    const { need } = this.#of;
    const count = records.length + rejected.length;
    const asked = `asked for ${neededWords({ ...need, value })}`;
    if (count !== 1) return `${asked}, and ${count} records came`;
    const [record] = records;
    const [bad] = rejected;
    if (record === undefined)
      return need.field !== '' || bad?.key === value ? null : `${asked}, and a record of another key came`;
    const offers = (record.offers ?? []).filter(({ field }) => field === need.field);
    // A record that is gone does not say what it had in its fields.
    if (offers.some((offer) => offer.value === value) || (need.field !== '' && record.operation === 'd')) return null;
    return `${asked}, and ${record.key ?? 'a record without a key'} came`;
  }

  async #commit(page: StagedPage): Promise<void> {
    const { access, writer } = this.#of;
    await this.#deps.warehouse.commitPages({
      stream: access.stream,
      run: await this.#run(),
      writer,
      // Its requests are those of the run that asks.
      requests: 0,
      pages: [{ ...page, cursorOut: null, highMark: null, keys: null, fetched: true }],
    });
    this.#before = page.after;
    this.#pageNo += 1;
  }

  async #run(): Promise<OpenedStream['run']> {
    const { input, need } = this.#of;
    for (let n = 1; this.#opened === undefined; n++) {
      const syncId = `fetch/${input.syncId}/${need.stream}${n === 1 ? '' : `/${n}`}`;
      await this.#open(syncId);
    }
    return this.#opened.run;
  }

  /** A run that has ended is not gone on with. */
  async #open(syncId: string): Promise<void> {
    const { access, input } = this.#of;
    const opened = await this.#deps.warehouse.openStream({
      stream: access.stream,
      syncId,
      runId: null,
      windowLabel: dayOf(this.#deps.now()),
      kind: 'fetch',
      lane: input.lane,
    });
    if (opened.report.state === 'done') return;
    this.#opened = opened;
    this.#before = opened.checkpointText;
    this.#pageNo = opened.report.pages;
  }

  async #end(): Promise<void> {
    if (this.#opened === undefined) return;
    const { stream } = this.#of.access;
    await this.#deps.warehouse.finishStream({ stream, run: this.#opened.run, nothingToRead: true });
  }
}

/** The partner has no such record, or not any more. */
const NOT_THERE: readonly number[] = [404, 410];
