import type { Pool } from 'pg';
import { InvalidInput } from '../core/errors.ts';
import type { Names } from '../messages/names.ts';
import type { PauseScope } from '../core/person-pause.ts';
import { closest } from '../definitions/closest.ts';
import { showRun, type RunSummary, type StreamDetail } from '../store/inspect/inspect.ts';

/** What a command is about: a whole run, or one stream's run. */
export interface ControlTarget {
  readonly scope: Exclude<PauseScope, 'partner'>;
  /** Workflow id. */
  readonly id: string;
  readonly partner: string;
  /** Null: a stream's run that belongs to none. */
  readonly run: RunSummary | null;
  /** The streams it is about, as far as they have begun. */
  readonly streams: readonly StreamDetail[];
}

/** From the id of a run or of a stream's run, and perhaps one stream of it. */
export async function controlTarget(
  pool: Pool,
  names: Names,
  { id, stream }: { readonly id: string; readonly stream?: string | undefined },
): Promise<ControlTarget> {
  const { run, streams } = await showRun(pool, id);
  if (run === null) {
    const own = streams[0] as StreamDetail;
    if (stream !== undefined && stream !== own.stream)
      throw new InvalidInput(`--stream: ${id} is a run of ${own.stream} alone, found ${JSON.stringify(stream)}`);
    return { scope: 'stream', id, partner: own.partner, run, streams: [own] };
  }
  if (stream === undefined) return { scope: 'run', id, partner: run.partner, run, streams };
  if (!run.streams.includes(stream)) {
    const near = closest(stream, run.streams);
    throw new InvalidInput(
      `--stream: ${id} reads no stream ${JSON.stringify(stream)}; ${near === undefined ? `it reads ${run.streams.join(', ')}` : `did you mean "${near}"?`}`,
    );
  }
  const { partner, window, generation } = run;
  const own = streams.filter((each) => each.stream === stream);
  // One that has not begun has its id already.
  const syncId = own.at(-1)?.syncId ?? names.streamSyncId({ partner, stream, window, generation });
  return { scope: 'stream', id: syncId, partner, run, streams: own };
}

/** How it ended; undefined: it goes on. */
export function endOf({ scope, run, streams }: ControlTarget): string | undefined {
  const ended = streams[0];
  if (run !== null && run.finishedAt !== null) return run.outcome ?? 'ended';
  return scope === 'stream' && ended !== undefined && ended.state !== 'running'
    ? (ended.outcome ?? ended.state)
    : undefined;
}

export function refuseEnded(target: ControlTarget, verb: string): void {
  const end = endOf(target);
  if (end !== undefined)
    throw new InvalidInput(
      `${target.id} has ended (${end}): there is nothing to ${verb}. \`syncline runs list\` shows what goes on`,
    );
}
