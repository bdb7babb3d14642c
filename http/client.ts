import { KeptConnectionBroke, PermitLapsed, type Departure } from '../core/departure.ts';
import type { Answer, PageRequest } from '../core/page.ts';
import type { Partner } from '../definitions/definition.ts';
import type { Authorizer } from './auth.ts';
import { openConnections, type Connections } from './connections.ts';
import { keepingTrust } from './keeping-trust.ts';
import type { Log } from './log.ts';
import { harmlessRequestId, redactUrl } from './redact.ts';
import { sendOnce } from './send-once.ts';

export interface PartnerClient {
  /**
   * Exactly one attempt. Any status is an answer; what it means is `classify`'s to say. Throws KeptConnectionBroke when it may be made
   * once more, `fresh`: over a new connection. `takesLarge`: a large body of status 200 comes as `large`.
   */
  readonly send: (
    request: PageRequest,
    signal: AbortSignal,
    departure?: Departure,
    how?: {
      readonly fresh: boolean;
      readonly takesLarge?: boolean;
      /** Beside those of the request, and part of no signature. */
      readonly headers?: PageRequest['headers'];
    },
  ) => Promise<Answer>;
  readonly close: () => void;
}

export interface PartnerClientDeps {
  readonly partner: Pick<Partner, 'name' | 'baseUrl' | 'timeout' | 'maxBytes'>;
  readonly authorizer: Authorizer;
  /** Closed with the client; direct ones when absent. */
  readonly connections?: Connections;
  readonly log: Log;
  /** Epoch ms. */
  readonly now: () => number;
}

export function createPartnerClient({
  partner,
  authorizer,
  connections = openConnections({}),
  log,
  now,
}: PartnerClientDeps): PartnerClient {
  const keeping = keepingTrust(now);
  return {
    close: connections.close,
    send: async (
      request,
      signal,
      departure,
      { fresh = false, takesLarge = false, headers: more = {} } = { fresh: false },
    ) => {
      const foreign = request.foreign === true;
      const authorized = foreign ? request : await authorizer.authorize(request);
      const path = foreign
        ? `${new URL(request.url).origin}/…`
        : redactUrl(request.url, partner.baseUrl, await authorizer.secrets([]));
      const call = { partner: partner.name, method: request.method, path };
      let startedAt = performance.now();
      const elapsed = (): number => Math.round(performance.now() - startedAt);
      const onWire = (): void => {
        startedAt = performance.now();
        departure?.onWire();
      };
      try {
        const answer = await sendOnce(
          { ...authorized, headers: { ...authorized.headers, ...more } },
          {
            timeoutMs: partner.timeout,
            maxBytes: partner.maxBytes,
            takesLarge,
            what: `${request.method} ${path}`,
            signal,
            ...connections.to(authorized.url, { fresh: fresh || !keeping.trusted(), foreign }),
            ...(departure === undefined ? {} : { departure: { ...departure, onWire } }),
          },
        );
        if (answer.reused) keeping.held();
        const durationMs = elapsed();
        const requestId = harmlessRequestId(answer.headers, await authorizer.secrets([]));
        log.info({ ...call, status: answer.status, durationMs, bytes: answer.bytes, requestId }, 'partner answered');
        const { status, headers, content, body, large, bytes } = answer;
        return {
          status,
          headers,
          // Not spread: it would be decoded at once.
          get text() {
            return content.text;
          },
          get outline() {
            return content.outline;
          },
          ascii: content.ascii,
          ...(content.noText === undefined ? {} : { noText: content.noText }),
          body,
          ...(large === undefined ? {} : { large }),
          bytes,
          durationMs,
          receivedAtMs: now(),
          requestId,
        };
      } catch (error) {
        if (error instanceof PermitLapsed) throw error;
        if (error instanceof KeptConnectionBroke) {
          keeping.broke();
          log.info({ ...call, durationMs: elapsed() }, 'a kept connection was reset');
          throw error;
        }
        const cancelled = signal.aborted;
        log.warn({ ...call, durationMs: elapsed(), ...failureFields(error, cancelled) }, 'partner did not answer');
        throw error;
      }
    },
  };
}

function failureFields(error: unknown, cancelled: boolean): Readonly<Record<string, unknown>> {
  if (cancelled) return { cancelled };
  if (!(error instanceof Error)) return {};
  return { error: error.name, code: (error.cause as NodeJS.ErrnoException | undefined)?.code };
}
