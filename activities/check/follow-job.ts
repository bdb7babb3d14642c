import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { NotReady, RetryLater } from '../../core/errors.ts';
import type { Answer, Position } from '../../core/page.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { Job } from '../../definitions/job.ts';
import { writeState } from '../../sources/jobs/job-cursor.ts';
import { placeIn } from '../../sources/jobs/job-place.ts';
import type { Asker, Look } from './asker.ts';

/** What a partner said of one export job, in the order that it came. */
export interface JobLooks {
  readonly looks: readonly Look[];
  readonly complete: boolean;
  /** While it was at work; undefined: it was done at once. */
  readonly running: Answer | undefined;
  /** To the question for the job when there was one. */
  readonly found: Answer | undefined;
}

/** An address that is refused this often is not refused for its age. */
const MOST_REFUSED = 3;

/** Orders a job under a key of its own, waits for it, and reads its result. A job that is not read on is ended, if the definition says how. */
export async function followJob(
  asker: Asker,
  { definition }: CompiledStream,
  {
    position,
    most,
    onWait,
  }: { readonly position: Position; readonly most: number; readonly onWait: ((says: string) => void) | undefined },
): Promise<JobLooks> {
  const job = definition.job as Job;
  const key = `record-${randomUUID()}`;
  const looks: Look[] = [];
  let running: Answer | undefined;
  let found: Answer | undefined;
  let refused = 0;
  let at: Position | undefined = { ...position, key };
  try {
    while (at !== undefined) {
      if (looks.length >= most) {
        await asker.abandon(at);
        return { looks, complete: false, running, found };
      }
      const asked: Position = at;
      const { step } = placeIn(job, asked);
      const look = await asker.ask(asked, looks.length + 1).catch(async (error: unknown) => {
        if (error instanceof NotReady) {
          if (running === undefined) onWait?.(error.message);
          running ??= asker.answered();
          await sleep(Math.max(0, Date.parse(error.resumeAt) - Date.now()));
          return undefined;
        }
        // Addresses of files do not live long: the job is asked for new ones.
        const isFile = step === 'result' && error instanceof RetryLater && ++refused <= MOST_REFUSED;
        if (!isFile) throw error;
        return 'refused' as const;
      });
      if (look === undefined) continue;
      if (look === 'refused') {
        at = { ...asked, resumed: true };
        continue;
      }
      looks.push(look);
      if (step === 'create' && job.find !== undefined) {
        const again = { ...asked, cursor: writeState({ step: 'create', looked: 1 }), resumed: true };
        found = (await asker.ask(again, looks.length)).answer;
      }
      const { cursor } = look.page.next;
      at = cursor === null ? undefined : { ...position, key, cursor };
    }
  } catch (error) {
    // What went wrong first is what is told.
    if (at !== undefined) await asker.abandon(at).catch(() => undefined);
    throw error;
  }
  return { looks, complete: true, running, found };
}
