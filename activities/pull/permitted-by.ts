import { PermitLapsed } from '../../core/departure.ts';
import { explain } from '../../core/errors.ts';
import { isTransportFailure } from '../../core/outage.ts';
import type { Permitted } from '../../http/auth/token-exchange.ts';
import { harmlessRequestId } from '../../http/redact.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { CircuitCall } from './circuit-call.ts';
import { noteCall, type CallMade } from './note-call.ts';
import type { FetchDeps } from './send-one.ts';
import { countedDeparture } from './counted-departure.ts';
import { MAX_SLOT_WAIT_MS, takePermit } from './take-permit.ts';

/** Nobody else's token is given up because one run is cancelled. */
const never = new AbortController().signal;

/** How a request for a token gets its permit: as those of the stream that needs it, whose requests it is one of. */
export function permittedBy(deps: FetchDeps, stream: CompiledStream): Permitted {
  const { partner, definition, name } = stream;
  const at = { partner: partner.name, stream: name };
  const { origin } = new URL(partner.baseUrl);
  const deaf = { ...deps, signal: never };
  return async (request, send) => {
    const lane = deps.lane ?? definition.lane;
    const wantedAtMs = deps.now();
    const giveUpAtMs = wantedAtMs + MAX_SLOT_WAIT_MS;
    const wait = deps.waits?.begin();
    for (;;) {
      const permit = await takePermit(deaf, { partner: partner.name, request, lane, giveUpAtMs, wait }).catch(
        (error: unknown) => {
          wait?.end();
          throw error;
        },
      );
      const call = new CircuitCall(deps, permit, at);
      // A token endpoint elsewhere says nothing of the partner's own health.
      const tells = new URL(request.url).origin === origin;
      let sentAtMs = deps.now();
      const onWire = (): void => {
        sentAtMs = deps.now();
        wait?.end();
      };
      const secrets = await deps.authorizer.secrets([]);
      const noted = (came: CallMade['came']): void => {
        if (deps.calls === undefined) return;
        const when = { sentAtMs, waitedMs: sentAtMs - wantedAtMs, nowMs: deps.now() };
        noteCall(deps.calls, { ...when, stream, request, purpose: 'token', page: null, secrets, came });
      };
      try {
        const { departure } = permit;
        if (departure === undefined) {
          onWire();
          deps.onRequest();
        }
        const answer = await send(departure && countedDeparture(departure, { ...deaf, onWire })).catch(
          (error: unknown) => {
            if (!(error instanceof PermitLapsed)) noted({ error, cancelled: false });
            throw error;
          },
        );
        // With the token that has just come.
        const known = await deps.authorizer.secrets([]);
        const facts = {
          durationMs: deps.now() - sentAtMs,
          bytes: null,
          requestId: harmlessRequestId(answer.headers, known),
        };
        noted({ answer: { ...facts, status: answer.status }, action: actionOf(answer.status) });
        await deps.failpoint('token.after');
        if (tells && answer.status < 500) await call.succeeded();
        return answer;
      } catch (error) {
        if (error instanceof PermitLapsed) continue;
        wait?.end();
        if (tells && isTransportFailure(error)) await call.failed(explain(error));
        throw error;
      } finally {
        try {
          await call.end();
        } finally {
          await permit.release();
        }
      }
    }
  };
}

/** What an endpoint of tokens means by its status. */
export function actionOf(status: number): 'ok' | 'throttled' | 'retry' | 'attention' | 'giveUp' {
  if (status < 400) return 'ok';
  if (status === 429) return 'throttled';
  if (status >= 500) return 'retry';
  return status === 401 || status === 403 ? 'attention' : 'giveUp';
}
