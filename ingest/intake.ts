import type { Pool } from 'pg';
import type { Failpoint } from '../core/failpoint.ts';
import { noSpans, type Spans } from '../core/spans.ts';
import type { StreamIds } from '../core/stream-ids.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import type { Log } from '../http/log.ts';
import type { Received } from '../records/received.ts';
import type { StoredAnswer } from '../store/idempotency/claim-keys.ts';
import type { IngestMetrics } from './ingest-metrics.ts';
import { Refusal } from './problem.ts';
import { StreamIntake } from './stream-intake.ts';

/** Records that somebody sent, checked as far as that goes without their schema. */
export interface PushRequest {
  readonly stream: CompiledStream;
  /** Name of who sent it. */
  readonly caller: string;
  /** UUID. */
  readonly requestId: string;
  /** ISO. */
  readonly receivedAt: string;
  readonly records: readonly Received[];
  /** The body is a list, even if of one record: a place in it begins with an index. As many records say if absent. */
  readonly listed?: boolean;
  /** Of the body. */
  readonly bytes: number;
  /** The sender's own name of what it sent, for people. */
  readonly sentId?: string | undefined;
  /** All of its records land, or none. */
  readonly atomic: boolean;
  /**
   * What becomes of a request of which no record fits. `refuse`: its sender is told, and has it still. `hold`: it goes to quarantine, since its sender
   * could only send it again.
   */
  readonly misfits: 'refuse' | 'hold';
  /** 0: it goes first, and is the last to be refused for want of room. */
  readonly priority: 0 | 1 | 2;
  readonly claim?:
    | {
        readonly operation: string;
        readonly key: string;
        readonly fingerprint: Buffer;
        /** How long its answer is kept, ms; as the stream says if absent. */
        readonly keepMs?: number;
      }
    | undefined;
}

export interface Landed {
  readonly answer: StoredAnswer;
  /** It was answered before. */
  readonly replayed: boolean;
}

export interface IntakeDeps {
  readonly pool: Pool;
  readonly names: StreamIds;
  readonly log: Log;
  readonly failpoint: Failpoint;
  /** Of this process. */
  readonly writer: string;
  /** The log of a stream has grown. */
  readonly onLanded: (stream: CompiledStream) => void;
  readonly metrics?: Pick<IngestMetrics, 'landed'>;
  readonly spans?: Spans;
  readonly bounds?: Partial<Bounds>;
  /** How long a key is locked at most by a request that died half-way; 20 s if absent. */
  readonly leaseMs?: number;
}

export interface Bounds {
  /** Requests that wait or are being written, of all streams. */
  readonly requests: number;
  /** Bytes of their bodies. */
  readonly bytes: number;
}
const usualBounds: Bounds = { requests: 5000, bytes: 128 * 1024 * 1024 };
/** By priority: of which share of the bounds a request still gets in. */
const SHARES = [1, 0.8, 0.5] as const;

export interface Intake {
  /** Durable when it resolves: records, ledger and answer are committed. Rejects with a Refusal, and then nothing was written. */
  accept(request: PushRequest): Promise<Landed>;
  /** Throws the Refusal that `accept` would reject with for want of room: before a body is read for nothing. */
  checkRoom(priority: PushRequest['priority']): void;
  /** How full it is, 0 to 1. */
  load(): number;
  /** Resolves when all that was taken in has its answer. */
  drain(): Promise<void>;
}

/** Takes in requests and commits those of a stream that arrive together in one transaction. */
export function createIntake(deps: IntakeDeps): Intake {
  const bounds = { ...usualBounds, ...deps.bounds };
  const { spans = noSpans } = deps;
  const streams = new Map<string, StreamIntake>();
  const inFlight = new Set<Promise<unknown>>();
  let bytes = 0;
  const load = (): number => Math.max(inFlight.size / bounds.requests, bytes / bounds.bytes);
  const streamIntake = ({ partner, name }: CompiledStream): StreamIntake => {
    const id = `${partner.name}/${name}`;
    const known = streams.get(id) ?? new StreamIntake(deps);
    streams.set(id, known);
    return known;
  };
  const checkRoom: Intake['checkRoom'] = (priority) => {
    if (load() >= SHARES[priority])
      throw new Refusal('overloaded', {
        detail: 'too many requests wait to be written; send it again later',
        retryAfterS: 1,
      });
  };
  return {
    load,
    checkRoom,
    accept: async (request) => {
      checkRoom(request.priority);
      bytes += request.bytes;
      // From here until it is durable, with the wait for those it shares a transaction with.
      const landing = spans.within({ name: 'commit' }, () => streamIntake(request.stream).accept(request));
      inFlight.add(landing);
      try {
        return await landing;
      } finally {
        bytes -= request.bytes;
        inFlight.delete(landing);
      }
    },
    drain: async () => {
      while (inFlight.size > 0) await Promise.allSettled(inFlight);
    },
  };
}
