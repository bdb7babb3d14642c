import type { CallError, CallLog, CallOwner, CallPurpose, ToldLimit } from '../../core/call.ts';
import { GiveUp, NeedsAttention } from '../../core/errors.ts';
import type { Answer, PageRequest } from '../../core/page.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { callPlace } from '../../http/call-place.ts';
import type { Verdict } from '../../http/classify.ts';
import { excerptOf } from '../../http/excerpt.ts';
import type { KnownSecret } from '../../http/known-secrets.ts';
import { codeOf } from '../../http/transport-failure.ts';

/** The call log, and whose the calls are. */
export interface NotedCalls {
  readonly log: CallLog;
  readonly owner: CallOwner;
}

/** What the log needs to know of a stream. `name` is empty where a call is for all streams of the partner. */
export interface CalledStream {
  readonly name: string;
  readonly partner: Pick<CompiledStream['partner'], 'name' | 'baseUrl' | 'calls'>;
  readonly definition: Pick<CompiledStream['definition'], 'calls'>;
}

export interface CallMade {
  readonly stream: CalledStream;
  readonly request: PageRequest;
  readonly purpose: CallPurpose;
  readonly page: number | null;
  /** Epoch ms when it left, and now. */
  readonly sentAtMs: number;
  readonly nowMs: number;
  readonly waitedMs: number;
  readonly secrets: readonly KnownSecret[];
  readonly came: Came;
}

type Came =
  | {
      readonly answer: Pick<Answer, 'status' | 'durationMs' | 'requestId'> & { readonly bytes: number | null };
      /** Absent: nobody may read it. */
      readonly says?: Pick<Answer, 'text' | 'noText' | 'outline'>;
      readonly action: Verdict['action'];
      readonly told?: ToldLimit | null;
    }
  | { readonly error: unknown; readonly cancelled: boolean };

/** Tells the call log of a call. It must never change what becomes of the call. */
export function noteCall({ log, owner }: NotedCalls, made: CallMade): void {
  const { stream, request, came, secrets } = made;
  const { name: partner, baseUrl, calls } = stream.partner;
  const { sample = calls.sample, excerpt = calls.excerpt ?? false } = stream.definition.calls;
  const error = errorOf(came);
  const weight = log.weigh({ failed: error !== null, sample });
  if (weight === 0) return;
  const answer = 'answer' in came ? came.answer : undefined;
  const says = 'answer' in came && excerpt && error !== null ? came.says : undefined;
  try {
    log.note({
      ...owner,
      ...callPlace(request, baseUrl, secrets),
      sentAtMs: made.sentAtMs,
      partner,
      stream: stream.name,
      purpose: made.purpose,
      page: made.page,
      method: request.method,
      status: answer?.status ?? null,
      error,
      code: 'error' in came && !came.cancelled ? codeOf(came.error) : null,
      durationMs: answer?.durationMs ?? made.nowMs - made.sentAtMs,
      waitedMs: made.waitedMs,
      bytes: answer?.bytes ?? null,
      requestId: answer?.requestId ?? null,
      excerpt: says === undefined ? null : excerptOf(says, secrets),
      told: 'answer' in came ? (came.told ?? null) : null,
      weight,
    });
  } catch {
    // Such as of a URL that nobody can parse: the call itself says so.
  }
}

/** What a request of the stream is for. */
export const purposeOf = ({ one, definition }: CompiledStream): CallPurpose =>
  one !== undefined ? 'record' : definition.job === undefined ? 'page' : 'job';

function errorOf(came: Came): CallError | null {
  if ('error' in came) {
    if (came.cancelled) return 'cancelled';
    if (codeOf(came.error) === 'ETIMEDOUT') return 'timeout';
    return came.error instanceof GiveUp || came.error instanceof NeedsAttention ? 'answer' : 'connection';
  }
  const { status } = came.answer;
  // Not ready yet, or to be asked for elsewhere: nothing failed so far.
  if (status === 202 || (status >= 300 && status < 400)) return null;
  return came.action === 'retry' && status < 500 ? 'again' : kinds[came.action];
}

const kinds: Readonly<Record<Verdict['action'], CallError | null>> = {
  ok: null,
  end: null,
  throttled: 'throttled',
  retry: 'server',
  refreshToken: 'credentials',
  attention: 'credentials',
  skip: 'skipped',
  restart: 'refused',
  giveUp: 'refused',
};
