import { weightOf, type Call, type CallLog } from '../../core/call.ts';
import { SECOND } from '../../core/duration.ts';
import { explain } from '../../core/errors.ts';
import type { TracedCall } from './write-calls.ts';

export interface BufferedCallsDeps {
  readonly write: (calls: readonly TracedCall[]) => Promise<void>;
  /** Of what is under way where it is called; undefined: nothing is traced. */
  readonly traceId?: () => string | undefined;
  readonly warn: (fields: Readonly<Record<string, unknown>>, message: string) => void;
  /** The share that is kept of calls that went well, where the definition does not say it. */
  readonly sample: number;
  /** In [0, 1). */
  readonly random: () => number;
  /** How long calls are gathered before they are written. */
  readonly everyMs?: number;
  /** How long `close` waits for the database. */
  readonly patienceMs?: number;
}

export interface BufferedCalls extends CallLog {
  /** Tries to write what is there now. */
  flush(): Promise<void>;
  /** The same for the last time, and not for long. */
  close(): Promise<void>;
}

/** In one statement. */
const GROUP = 1000;
/** Kept for a database that is away; then the oldest are given up. A call takes about half a kilobyte. */
const MOST = 20_000;
const PATIENCE_MS = 2 * SECOND;

/** Gathers calls in memory and writes them in groups, one at a time: a pull only adds to a list. */
export function bufferedCalls({
  write,
  traceId = () => undefined,
  warn,
  sample: usual,
  random,
  everyMs = SECOND,
  patienceMs = PATIENCE_MS,
}: BufferedCallsDeps): BufferedCalls {
  let waiting: TracedCall[] = [];
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> | undefined;
  let givenUp = 0;
  let troubled = false;

  const flush = async (): Promise<void> => {
    while (waiting.length > 0) {
      const group = waiting.slice(0, GROUP);
      await write(group);
      // What was given up meanwhile stood at the front.
      const written = new Set(group);
      waiting = waiting.filter((call) => !written.has(call));
    }
    if (givenUp > 0) warn({ calls: givenUp }, 'the call log lacks calls: the database did not take them in time');
    givenUp = 0;
    troubled = false;
  };
  const flushOnce = (): Promise<void> =>
    (writing ??= flush()
      .catch((error: unknown) => {
        if (!troubled) warn({ error: explain(error) }, 'calls are not written to the call log, and tried again');
        troubled = true;
      })
      .finally(() => {
        writing = undefined;
        if (waiting.length > 0) later();
      }));
  const later = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      void flushOnce();
    }, everyMs).unref();
  };

  return {
    weigh: ({ failed, sample = usual }) => weightOf({ failed, sample, random: random() }),
    note: (call: Call) => {
      waiting.push({ ...call, traceId: traceId() ?? null });
      if (waiting.length > MOST) {
        waiting.shift();
        givenUp += 1;
      }
      later();
    },
    flush: flushOnce,
    close: async () => {
      const patience = new Promise<void>((resolve) => void setTimeout(resolve, patienceMs).unref());
      await Promise.race([flushOnce().then(() => (waiting.length > 0 ? flushOnce() : undefined)), patience]);
      clearTimeout(timer);
    },
  };
}
