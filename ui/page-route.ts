import type { FastifyInstance, FastifyRequest } from 'fastify';
import { InvalidInput } from '../core/errors.ts';
import { layout } from './pages/layout.ts';
import type { Page } from './pages/page.ts';
import { problemPage } from './pages/problem.ts';
import type { Viewer } from './sign-in/viewer.ts';

/** Has a page at an address. What its query asks for and cannot be is told with 400. */
export type PageRoute = (url: string, read: (request: FastifyRequest, viewer: Viewer) => Promise<Page>) => void;

export const pageRoute =
  (app: FastifyInstance, viewer: (request: FastifyRequest) => Viewer): PageRoute =>
  (url, read) =>
    app.get(url, async (request, reply) => {
      const who = viewer(request);
      const shown = await read(request, who).catch((error: unknown) => {
        if (!(error instanceof InvalidInput)) throw error;
        return problemPage({ status: 400, title: 'That was not understood', says: error.message });
      });
      return reply
        .status(shown.status ?? 200)
        .type('text/html; charset=utf-8')
        .send(layout(shown, { path: request.url, viewer: who }));
    });
