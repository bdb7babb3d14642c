import { neededWords } from '../../core/need.ts';
import { dayOf } from '../../core/window.ts';
import { writeCheckpoint } from '../../core/checkpoint.ts';
import type { Lane } from '../../core/names.ts';
import type { StagedPage, Writer } from '../../core/staged.ts';
import type { CompiledFetch, CompiledStream } from '../../definitions/compiled.ts';
import { definitionOfOne } from '../../definitions/fetch-need.ts';
import type { OpenedStream } from '../../landing/warehouse.ts';
import { fetchPage } from './fetch-page.ts';
import type { PullDeps } from './pull-deps.ts';
import type { FetchDeps } from './send-one.ts';
import { stagedPage } from './staged-page.ts';

export interface FetchByKeyDeps extends Pick<PullDeps, 'warehouse' | 'failpoint' | 'now'> {
  readonly calls: FetchDeps;
}

export interface FetchedBy {
  readonly stream: CompiledStream;
  readonly fetch: CompiledFetch;
  /** Of the values by which records are asked for; '': the key. */
  readonly field: string;
  readonly lane: Lane;
  readonly writer: Writer;
  /** Workflow id of the run that what comes is committed to; another one each time. */
  readonly runId: (n: number) => string;
}

/** HTTP status of the answer, and why it brought nothing that could be taken; null: there is no such record, or it came. */
export interface Brought {
  readonly status: number;
  readonly refused: string | null;
}

/**
 * Asks the partner for records of a stream one by one, by what names them, and commits what comes in a run and pages of its own, which move no
 * watermark.
 */
export class FetchByKey {
  readonly #deps: FetchByKeyDeps;
  readonly #of: FetchedBy;
  /** As one of its records is asked for. */
  readonly #one: CompiledStream;
  #opened: OpenedStream | undefined;
  #before = '';
  #pageNo = 0;

  constructor(deps: FetchByKeyDeps, of: FetchedBy) {
    this.#deps = deps;
    this.#of = of;
    const { definition, fields } = of.fetch;
    this.#one = { ...of.stream, definition: definitionOfOne(of.stream.definition, definition), one: fields };
  }

  async bring(value: string): Promise<Brought> {
    const { stream } = this.#of;
    const { warehouse, failpoint, calls } = this.#deps;
    const fetched = await fetchPage(calls, {
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
      const run = await this.run();
      const staged = await stagedPage(warehouse, {
        stream,
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
    return { status: answer.status, refused };
  }

  /** Why an answer is none to what was asked; null: it is one. */
  #misfit({ records, rejected }: StagedPage, value: string): string | null {
    const { field, stream } = this.#of;
    const count = records.length + rejected.length;
    const asked = `asked for ${neededWords({ stream: stream.name, field, value })}`;
    if (count !== 1) return `${asked}, and ${count} records came`;
    const [record] = records;
    const [bad] = rejected;
    if (record === undefined)
      return field !== '' || bad?.key === value ? null : `${asked}, and a record of another key came`;
    if (field === '')
      return record.key === value ? null : `${asked}, and ${record.key ?? 'a record without a key'} came`;
    const offers = (record.offers ?? []).filter((offer) => offer.field === field);
    // A record that is gone does not say what it had in its fields.
    if (offers.some((offer) => offer.value === value) || record.operation === 'd') return null;
    return `${asked}, and ${record.key ?? 'a record without a key'} came`;
  }

  async #commit(page: StagedPage): Promise<void> {
    const { stream, writer } = this.#of;
    await this.#deps.warehouse.commitPages({
      stream,
      run: await this.run(),
      writer,
      // Whoever asks counts them.
      requests: 0,
      pages: [{ ...page, cursorOut: null, highMark: null, keys: null, fetched: true }],
    });
    this.#before = page.after;
    this.#pageNo += 1;
  }

  async run(): Promise<OpenedStream['run']> {
    for (let n = 1; this.#opened === undefined; n++) await this.open(this.#of.runId(n));
    return this.#opened.run;
  }

  /** A run that has ended is not gone on with. */
  async open(syncId: string): Promise<void> {
    const { stream, lane } = this.#of;
    const opened = await this.#deps.warehouse.openStream({
      stream,
      syncId,
      runId: null,
      windowLabel: dayOf(this.#deps.now()),
      kind: 'fetch',
      lane,
    });
    if (opened.report.state === 'done') return;
    this.#opened = opened;
    this.#before = opened.checkpointText;
    this.#pageNo = opened.report.pages;
  }

  async end(): Promise<void> {
    if (this.#opened === undefined) return;
    await this.#deps.warehouse.finishStream({
      stream: this.#of.stream,
      run: this.#opened.run,
      nothingToRead: true,
    });
  }
}

/** The partner has no such record, or not any more. */
const NOT_THERE: readonly number[] = [404, 410];
