import { GiveUp, NeedsAttention, RetryLater, StartAnew, Throttled, type Coordinates } from '../../core/errors.ts';
import type { PageRequest } from '../../core/page.ts';
import type { Authorizer } from '../../http/auth.ts';
import { followRedirect, MOST_REDIRECTS } from '../../http/follow-redirect.ts';
import { sourceOf } from '../../sources/source-of.ts';
import { nothing, placeOf, type FetchedPage, type PageAsked, type PageContent } from './page-asked.ts';
import { hopeless, isBehindEnd, isDeadCursor, isOver, mayStartAnew, refusesParent } from './page-refused.ts';
import { permittedBy } from './permitted-by.ts';
import {
  foreseen,
  openedFor,
  placed,
  preparedFor,
  readLast,
  readPage,
  withValidators,
  type Opened,
} from './read-answer.ts';
import { sendOne, type FetchDeps } from './send-one.ts';
import { sentPosition } from './sent-position.ts';

/** One page: permit, request, verdict. One attempt, but for a token that had to be renewed and a redirect on the same origin. */
export async function fetchPage(deps: FetchDeps, { position: stored, ...of }: PageAsked): Promise<FetchedPage> {
  const permitted = permittedBy(deps, of.stream);
  const asked: PageAsked = { ...of, position: await sentPosition(stored, deps.authorizer, permitted) };
  const { stream, position } = asked;
  const at = placeOf(asked);
  const first = withValidators(requestOf(asked, at), asked);
  let request = first;
  /** Part by part: the answer is held as long as there is more of it. */
  const readOn = (opened: Opened, place = at): PageContent => {
    const page = readPage(asked, { first, last: request }, opened, place);
    deps.held?.note(first, { further: page.further === true, opened });
    return page;
  };
  const further = sourceOf(stream).continues?.(position) === true ? deps.held?.of(first) : undefined;
  if (further !== undefined) {
    const opened = await preparedFor(asked, first, further, at);
    return { answer: opened.answer, foreseen: undefined, held: true, read: () => readOn(opened) };
  }
  const urls = [first.url];
  for (let renewed = false; ;) {
    const { verdict: judged, blockedUntil, ...answered } = await sendOne(deps, request, { ...asked, permitted });
    const { answer } = answered;
    const redirected = judged.ruled ? undefined : followRedirect(request, answer);
    if (redirected !== undefined && mayFollow(redirected, urls)) {
      request = redirected;
      urls.push(request.url);
      continue;
    }
    const verdict = redirected === undefined ? judged : { ...judged, message: describeCircle(answer.status, urls) };
    const place: Coordinates = {
      ...at,
      status: answer.status,
      ...(answer.requestId === undefined ? {} : { requestId: answer.requestId }),
    };
    const message = `${stream.partner.name} ${stream.name} page ${asked.pageNo}: ${verdict.message}`;
    if (isBehindEnd(verdict, asked, answer.status))
      return { answer, foreseen: undefined, read: () => ({ ...nothing, skipped: false, validators: null }) };
    if (isOver(verdict, asked, answer.status)) throw new RetryLater(`${message}; it is asked for anew`, { at: place });
    const died = isDeadCursor(verdict, asked, answer.status);
    if (died && mayStartAnew(asked)) throw new StartAnew(message, { at: place });
    const said = died ? `${message}; ${hopeless(asked)}` : message;
    if (refusesParent(verdict, asked, answer.status))
      return {
        answer,
        foreseen: undefined,
        read: () => ({ ...nothing, skipped: false, refused: said, validators: null }),
      };
    if (died) throw new GiveUp(said, { at: place });
    switch (verdict.action) {
      case 'ok': {
        const opened = await openedFor(asked, request, answered, place);
        return { answer, foreseen: foreseen(asked, request, opened), read: () => readOn(opened, place) };
      }
      case 'skip':
        // A parent may vanish at any time; a listing of its own would lose the pages that follow.
        if (position.cursor !== null && position.parents.length === 0)
          throw new GiveUp(
            `${message}; it cannot be skipped in the middle of a listing: where it means that the listing has ended, write action: end`,
            { at: place },
          );
        return { answer, foreseen: undefined, read: () => ({ ...nothing, skipped: true, validators: null }) };
      case 'end':
        return {
          answer,
          foreseen: undefined,
          read: () =>
            readLast(asked, { first, last: request }, { ...answered, files: [answer.large ?? answer.body] }, place),
        };
      case 'restart':
        throw new GiveUp(`${message}; this is the first page, so there is nothing to begin anew`, { at: place });
      case 'throttled':
        throw new Throttled(message, { at: place, resumeAt: blockedUntil ?? new Date(deps.now()).toISOString() });
      case 'retry':
        throw new RetryLater(message, {
          at: place,
          ...(verdict.resumeAt === undefined
            ? {}
            : { afterMs: Math.max(0, Date.parse(verdict.resumeAt) - deps.now()) }),
        });
      case 'refreshToken':
        if (renewed || !(await deps.authorizer.refresh(request, permitted)))
          throw new NeedsAttention(`${message}; ${renewed ? refusedAnew(deps.authorizer) : 'there is no newer one'}`, {
            at: place,
          });
        renewed = true;
        break;
      case 'attention':
        throw new NeedsAttention(message, { at: place });
      case 'giveUp':
        throw new GiveUp(message, { at: place });
    }
  }
}

const refusedAnew = ({ placed }: Authorizer): string =>
  `a new token did not help${placed === undefined ? '' : `. It goes ${placed}`}`;

const mayFollow = ({ url }: PageRequest, urls: readonly string[]): boolean =>
  urls.length <= MOST_REDIRECTS && !urls.includes(url);

const describeCircle = (status: number, urls: readonly string[]): string =>
  `answered ${status}: redirected ${urls.length > MOST_REDIRECTS ? `more than ${MOST_REDIRECTS} times` : 'in a circle'}; correct baseUrl or path`;

function requestOf({ stream, position }: PageAsked, at: Coordinates): PageRequest {
  return placed(at, [], () => sourceOf(stream).request(position));
}
