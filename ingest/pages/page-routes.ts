import type { FastifyInstance, FastifyReply } from 'fastify';
import { apiDocument } from '../openapi/document.ts';
import { problems, Refusal, type ProblemCode } from '../problem.ts';
import { onlyMethods } from '../server.ts';
import type { ApiVersion } from '../versions/api-version.ts';
import { problemList, problemPage } from './problem-pages.ts';
import { referencePage } from './reference-page.ts';
import { style } from './style.ts';
import { versionsPage } from './versions-page.ts';

/** `GET /docs`, `/docs/versions`, `/problems` and `/problems/{code}`: for people, without a key. */
export function pageRoutes(
  app: FastifyInstance,
  { versions, base }: { readonly versions: readonly ApiVersion[]; readonly base: () => string },
): void {
  const pages: Readonly<Record<string, (parameters: unknown) => string>> = {
    '/docs': () => referencePage(apiDocument({ base: base(), versions })),
    '/docs/versions': () => versionsPage(versions),
    '/problems': problemList,
    '/problems/:code': (parameters) => problemPage(codeOf(parameters), base()),
  };
  for (const [url, page] of Object.entries(pages)) {
    app.get(url, (request, reply) => send(reply, 'text/html', page(request.params)));
    onlyMethods(app, url, ['GET', 'HEAD']);
  }
  app.get('/docs/style.css', (_, reply) => send(reply, 'text/css', style));
  onlyMethods(app, '/docs/style.css', ['GET', 'HEAD']);
}

const send = (reply: FastifyReply, type: string, text: string): FastifyReply =>
  reply.header('content-type', `${type}; charset=utf-8`).serializer(String).send(text);

function codeOf(parameters: unknown): ProblemCode {
  const { code } = parameters as { readonly code: string };
  if (Object.hasOwn(problems, code)) return code as ProblemCode;
  throw new Refusal('not_found', { detail: 'there is no such code; GET /problems names all of them' });
}
