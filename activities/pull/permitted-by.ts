import { PermitLapsed } from '../../core/departure.ts';
import { explain } from '../../core/errors.ts';
import { isTransportFailure } from '../../core/outage.ts';
import type { Permitted } from '../../http/auth/token-exchange.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { CircuitCall } from './circuit-call.ts';
import type { FetchDeps } from './send-one.ts';
import { countedDeparture } from './counted-departure.ts';
import { MAX_SLOT_WAIT_MS, takePermit } from './take-permit.ts';

/** Nobody else's token is given up because one run is cancelled. */
const never = new AbortController().signal;

/** How a request for a token gets its permit: as those of the stream that needs it, whose requests it is one of. */
export function permittedBy(deps: FetchDeps, { partner, definition, name }: CompiledStream): Permitted {
  const at = { partner: partner.name, stream: name };
  const { origin } = new URL(partner.baseUrl);
  const deaf = { ...deps, signal: never };
  return async (request, send) => {
    const lane = deps.lane ?? definition.lane;
    const giveUpAtMs = deps.now() + MAX_SLOT_WAIT_MS;
    for (;;) {
      const permit = await takePermit(deaf, { partner: partner.name, request, lane, giveUpAtMs });
      const call = new CircuitCall(deps, permit, at);
      // A token endpoint elsewhere says nothing of the partner's own health.
      const tells = new URL(request.url).origin === origin;
      try {
        const { departure } = permit;
        if (departure === undefined) deps.onRequest();
        const answer = await send(departure && countedDeparture(departure, deaf));
        await deps.failpoint('token.after');
        if (tells && answer.status < 500) await call.succeeded();
        return answer;
      } catch (error) {
        if (error instanceof PermitLapsed) continue;
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
