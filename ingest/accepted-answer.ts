import type { PushedPage } from '../landing/commit-push.ts';
import type { StoredAnswer } from '../store/idempotency/claim-keys.ts';
import type { Accepted, Item } from './answers.ts';
import type { PushRequest } from './intake.ts';
import { placeOf } from './stage-push.ts';

/** What is answered, and stored to be answered again, where the records of a page land. */
export function acceptedAnswer(request: PushRequest, page: PushedPage): StoredAnswer {
  const { requestId, receivedAt, records } = request;
  const rejected = new Map(page.rejected.map((one) => [one.ordinal, one]));
  const location = `/v1/ingest/${requestId}`;
  const body: Accepted = {
    id: requestId,
    status: 'accepted',
    received_at: receivedAt,
    records: records.length,
    accepted: records.length - rejected.size,
    quarantined: rejected.size,
    items: records.map((_, index): Item => {
      const one = rejected.get(index);
      return one === undefined
        ? { index, status: 'accepted' }
        : { index, status: 'quarantined', ...placeOf(one, request) };
    }),
    links: { self: location },
  };
  return { status: 202, location, body: `${JSON.stringify(body)}\n` };
}
