import type { FastifyInstance } from 'fastify';
import { explain, InvalidInput } from '../../core/errors.ts';
import { visible } from '../../core/visible.ts';
import { noteDeed, noteResult, readDeeds } from '../../store/ui-audit.ts';
import { confirmPage } from '../pages/confirm.ts';
import { layout } from '../pages/layout.ts';
import { deedPage, deedsPage } from '../pages/deeds.ts';
import type { Page } from '../pages/page.ts';
import { notThere, problemPage } from '../pages/problem.ts';
import type { Who } from '../sign-in/who.ts';
import { textIn } from '../text-in.ts';
import type { UiLog } from '../ui-log.ts';
import type { DeedDeps } from './deed.ts';
import type { deeds } from './deeds.ts';

const MOST_REASON = 400;
const MOST_FIELD = 500;
const LISTED = 200;

export interface ActionDeps extends DeedDeps {
  readonly who: Who;
  readonly log: UiLog;
}

const now = (): string => new Date().toISOString();

/** A form as it was sent, to be sent once more. */
const sentIn = (body: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.keys(typeof body === 'object' && body !== null ? body : {})
      .filter((name) => name !== 'confirmed')
      .map((name) => [name, textIn(body, name)]),
  );

/** The page shows what came of the deed of this number. */
function withDone(page: string, id: number): string {
  const [path = '', query = ''] = page.split('?');
  const asked = new URLSearchParams(query);
  asked.set('done', String(id));
  return `${path}?${asked.toString()}`;
}

const isDeed = (name: string, all: typeof deeds): name is keyof typeof deeds => Object.hasOwn(all, name);

/** What changes something. Only for people who have signed in, by a form that a page of ours has given them; each is written down before it is done. */
export function actionRoutes(app: FastifyInstance, { who, log, ...deps }: ActionDeps): void {
  const { pool } = deps;

  app.post('/actions/:action', async (request, reply) => {
    const answer = (page: Page) =>
      reply
        .status(page.status ?? 200)
        .type('text/html; charset=utf-8')
        .send(layout(page, { path: '/actions', viewer: who.viewer(request) }));
    const person = who.person(request);
    if (person === undefined)
      return answer(
        problemPage({
          status: 401,
          title: 'Sign in first',
          says: 'Nobody is signed in, or it was too long ago. Sign in, and do it again.',
        }),
      );
    if (!who.isOwnForm(request, person, textIn(request.body, 'form')))
      return answer(
        problemPage({
          status: 403,
          title: 'That form is not ours',
          says: 'The form came from another site, or from before you signed in. Load the page again, and send it from there.',
        }),
      );
    const action = textIn(request.params, 'action');
    // With Temporal's client, which a page that only shows does without: it takes a third of a second to load, and 30 MB.
    const all = (await import('./deeds.ts')).deeds;
    if (!isDeed(action, all)) return answer(notThere(`Nothing here is called ${action}.`));
    const reason = visible(textIn(request.body, 'reason').trim()).slice(0, MOST_REASON);
    if (reason === '')
      return answer(
        problemPage({
          status: 400,
          title: 'Say why',
          says: 'A reason is kept with what you do. Go back and give one.',
        }),
      );

    const target = textIn(request.body, 'target').slice(0, 500);
    const stream = textIn(request.body, 'stream').slice(0, 100);
    const { by, how } = person;
    try {
      const field = (name: string): string => textIn(request.body, name).slice(0, MOST_FIELD);
      const deed = await all[action](deps, { target, stream, for: field('for'), field, by, reason });
      if (deed.confirm !== undefined && field('confirmed') !== 'yes')
        return await answer(confirmPage(deed.confirm, { action, sent: sentIn(request.body), at: now() }));
      const named = deed.target ?? (stream === '' ? target : `${target} ${stream}`);
      const id = await noteDeed(pool, { by, how, action, partner: deed.partner, target: named, reason });
      const came = await deed.work().then(
        (says) => ({ failed: false, says }),
        (error: unknown) => ({ failed: true, says: explain(error) }),
      );
      await noteResult(pool, { id, ...came });
      log.info({ by, how, action, target, failed: came.failed }, 'somebody did something on the status page');
      return await reply.redirect(deed.page === undefined ? `/actions/${id}` : withDone(deed.page, id), 303);
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      return answer(problemPage({ status: 400, title: 'That cannot be done', says: error.message }));
    }
  });

  const show = (url: string, read: (id: string) => Promise<Page>): void => {
    app.get(url, async (request, reply) => {
      const page = await read(textIn(request.params, 'id'));
      return reply
        .status(page.status ?? 200)
        .type('text/html; charset=utf-8')
        .send(layout(page, { path: request.url, viewer: who.viewer(request) }));
    });
  };
  show('/actions', async () => deedsPage(await readDeeds(pool, { limit: LISTED }), now()));
  show('/actions/:id', async (id) => {
    const [deed] = /^\d{1,15}$/.test(id) ? await readDeeds(pool, { id: Number(id), limit: 1 }) : [];
    return deed === undefined ? notThere('Nobody has done that.') : deedPage(deed, now());
  });
}
