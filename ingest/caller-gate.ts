import { assertNever } from '../core/assert-never.ts';
import { mayPush, type CallerTier } from '../core/caller.ts';
import { WarehouseUnavailable } from '../core/errors.ts';
import type { Authenticated, Authenticator } from './callers/authenticate.ts';
import { limitHeaders } from './callers/limit-headers.ts';
import type { CallerLimiter } from './callers/limiter.ts';
import type { Admitted, Gate, Knock } from './gate.ts';
import { Refusal, unavailable } from './problem.ts';

const priorities = { critical: 0, normal: 1, bulk: 2 } as const satisfies Record<CallerTier, Admitted['priority']>;

/** Lets callers in by their keys, as fast as their limits say. */
export function callerGate({
  authenticator,
  limiter,
}: {
  readonly authenticator: Pick<Authenticator, 'authenticate' | 'answered'>;
  readonly limiter: Pick<CallerLimiter, 'take'>;
}): Gate {
  const admit = async (knock: Knock): Promise<Admitted> => {
    const found = await authenticator.authenticate({
      authorization: knock.authorization,
      address: knock.address,
      certificate: knock.certificate === undefined ? undefined : { fingerprint256: knock.certificate },
    });
    if ('refused' in found) throw refusal(found);
    const { caller } = found;
    const [admission] = await limiter.take([{ caller, cost: 1 }]);
    if (admission === undefined) throw new TypeError('the limiter gave no answer');
    const headers = limitHeaders(admission);
    if (!admission.allowed) {
      // Nobody is told of it again: the request is not let in.
      authenticator.answered(caller.id, 429);
      throw admission.cause === 'quota'
        ? new Refusal('quota_used_up', {
            detail: 'the requests of the day are used up; RateLimit says when there are more',
            retryAfterS: admission.retryAfterS,
            headers,
          })
        : new Refusal('too_many_requests', {
            detail:
              'more requests than RateLimit-Policy allows; send it again after Retry-After, and send several records in one request',
            retryAfterS: admission.retryAfterS,
            headers,
          });
    }
    return {
      name: caller.id,
      priority: priorities[caller.tier],
      mayPush: (partner, stream) => mayPush(caller, partner, stream),
      headers,
    };
  };
  return {
    tell: (admitted, status) => admitted && authenticator.answered(admitted.name, status),
    admit: async (knock) => {
      try {
        return await admit(knock);
      } catch (error) {
        if (!(error instanceof WarehouseUnavailable)) throw error;
        throw unavailable(error);
      }
    },
  };
}

/** Who has no key is not told whether one would be known. */
function refusal({ refused, retryAfterS }: Extract<Authenticated, { readonly refused: unknown }>): Refusal {
  switch (refused) {
    case 'missing':
      return new Refusal('unauthenticated', {
        detail: 'Authorization: expected Bearer and a key of a caller (`syncline callers add`), found none',
        headers: challenge,
      });
    case 'unknown':
    case 'revoked':
      return new Refusal('unauthenticated', {
        detail: 'Authorization: expected a key that is valid, found one that is not, or is no longer',
        headers: challenge,
      });
    case 'address':
      return new Refusal('not_allowed', { detail: 'the caller may not send from this address' });
    case 'certificate':
      return new Refusal('not_allowed', { detail: 'the caller has to show its client certificate' });
    case 'blocked':
      return retryAfterS === undefined
        ? new Refusal('not_allowed', { detail: 'the caller is blocked; ask whoever runs this server' })
        : new Refusal('too_many_requests', { detail: 'the caller is blocked for a time', retryAfterS });
    default:
      return assertNever(refused);
  }
}

/** RFC 6750 §3. */
const challenge = { 'www-authenticate': 'Bearer realm="syncline"' };
