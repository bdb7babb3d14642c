import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { UiSettings } from '../../config/ui-settings.ts';
import { MINUTE } from '../../core/duration.ts';
import { explain } from '../../core/errors.ts';
import { visible } from '../../core/visible.ts';
import { layout } from '../pages/layout.ts';
import { signInPage } from '../pages/sign-in.ts';
import { textIn } from '../text-in.ts';
import type { UiLog } from '../ui-log.ts';
import { Attempts } from './attempts.ts';
import { Oidc, type Asked } from './oidc.ts';
import { isSame, type Sessions } from './sessions.ts';
import { ownPath } from './own-path.ts';
import type { Who } from './who.ts';

export interface SignInDeps {
  readonly settings: UiSettings;
  readonly sessions: Sessions;
  readonly who: Who;
  readonly log: UiLog;
}

const BACK = '/sign-in/back';
const ASKED_MS = 10 * MINUTE;

export function signInRoutes(app: FastifyInstance, { settings, sessions, who, log }: SignInDeps): void {
  const attempts = new Attempts();
  const oidc =
    settings.oidc === undefined
      ? undefined
      : new Oidc(settings.oidc, `${settings.url?.replace(/\/$/, '') ?? ''}${BACK}`);
  const show = (
    request: FastifyRequest,
    reply: FastifyReply,
    of: { readonly to: string; readonly problem?: string },
  ) => {
    const page = signInPage({ ...of, byToken: settings.token !== undefined, byOidc: oidc !== undefined });
    return reply
      .status(page.status ?? 200)
      .type('text/html; charset=utf-8')
      .send(layout(page, { path: '/sign-in', viewer: who.viewer(request) }));
  };

  app.get('/sign-in', (request, reply) => show(request, reply, { to: ownPath(textIn(request.query, 'to')) }));

  app.post('/sign-in', (request, reply) => {
    const to = ownPath(textIn(request.body, 'to'));
    const name = visible(textIn(request.body, 'name').trim()).slice(0, 100);
    const nowMs = Date.now();
    if (!who.isOwnSite(request)) return show(request, reply, { to, problem: 'The form came from another site.' });
    if (settings.token === undefined)
      return show(request, reply, { to, problem: 'There is no token to sign in with.' });
    if (!attempts.mayTry(request.ip, nowMs))
      return show(request, reply, { to, problem: 'There were too many wrong tokens. Try again in a minute.' });
    if (!isSame(textIn(request.body, 'token'), settings.token)) {
      attempts.wrong(request.ip, nowMs);
      log.warn({ address: request.ip }, 'somebody tried to sign in with a wrong token');
      return show(request, reply, { to, problem: 'That is not the token.' });
    }
    if (name === '') return show(request, reply, { to, problem: 'Say who you are: it is kept with what you do.' });
    sessions.begin(reply, { by: name, how: 'token' });
    return reply.redirect(to, 303);
  });

  app.post('/sign-out', (request, reply) => {
    const person = who.person(request);
    if (person !== undefined && who.isOwnForm(request, person, textIn(request.body, 'form'))) sessions.end(reply);
    return reply.redirect('/', 303);
  });

  if (oidc === undefined) return;
  // By a link: browsers let no form lead to another site, which is what our policy asks of them.
  app.get('/sign-in/oidc', async (request, reply) => {
    const to = ownPath(textIn(request.query, 'to'));
    try {
      const begun = await oidc.begin();
      sessions.keep(reply, 'asked', { ...begun.asked, to }, ASKED_MS);
      return await reply.redirect(begun.to, 303);
    } catch (error) {
      log.warn({ error: explain(error) }, 'the OpenID provider does not answer');
      return show(request, reply, { to, problem: 'The provider does not answer. Try again in a moment.' });
    }
  });
  app.get(BACK, async (request, reply) => {
    const kept = sessions.kept(request, 'asked');
    if (kept === undefined) return show(request, reply, { to: '/', problem: 'That took too long. Sign in again.' });
    try {
      const by = await oidc.end(request.url.split('?')[1] ?? '', kept as unknown as Asked);
      sessions.begin(reply, { by, how: 'oidc' });
      return await reply.redirect(ownPath(String(kept['to'])), 303);
    } catch (error) {
      log.warn({ error: explain(error) }, 'somebody could not sign in');
      return show(request, reply, { to: '/', problem: `You could not be signed in: ${explain(error)}` });
    }
  });
}
