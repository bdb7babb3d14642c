import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { liveScript } from './parts/live-script.ts';
import { style } from './parts/style.ts';

const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="4" fill="#0550ae"/><path d="M4 6h6L8 4m4 6H6l2 2" fill="none" stroke="#fff" stroke-width="1.5"/></svg>`;

/** The files that pages load. */
export function assetRoutes(app: FastifyInstance): void {
  for (const [url, type, text] of [
    ['/style.css', 'text/css; charset=utf-8', style],
    ['/live.js', 'text/javascript; charset=utf-8', liveScript],
    ['/icon.svg', 'image/svg+xml', icon],
  ] as const) {
    const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 16)}"`;
    app.get(url, (request, reply) => {
      void reply.header('cache-control', 'no-cache').header('etag', etag).type(type);
      return request.headers['if-none-match'] === etag ? reply.status(304).send() : reply.send(text);
    });
  }
}
