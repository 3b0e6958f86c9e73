/** The pages of the console: files that `npm run build` puts into `dist/web`. */

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

/** Nothing is loaded from elsewhere, and nothing that stands in a document runs or styles it. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Addresses of pages: each gives the one document, whose script shows the page. */
export const PAGES = [
  '/',
  '/services/:service',
  '/services/:service/:part',
  '/incidents',
  '/incidents/:incident',
  '/decisions',
  '/rollouts',
  '/rollouts/:service',
  '/dead-letters',
];

const ASSETS = '/assets/';

/** Beside the compiled server, and where the sources are run. */
const PLACES = ['../web/', '../../dist/web/'].map((place) => fileURLToPath(new URL(place, import.meta.url)));

/** The folder of the built pages; null: they are not built. */
export const builtWeb = (): string | null => PLACES.find((place) => existsSync(`${place}index.html`)) ?? null;

const NOT_BUILT = `<!doctype html><html lang="en"><title>Telltale</title>
<p>The pages of the console are not built: run <code>npm run build</code>. The data are at <a href="/api/services">/api/services</a>.</p></html>`;

/** Caches between us and the browser keep each form apart. */
const setHeaders = (response: fastifyStatic.SetHeadersResponse): void =>
  void response.setHeader('vary', 'accept-encoding');

/**
 * Serves the pages from a folder, compressed as it was built; names of assets say their content, so they are kept for ever. Nobody is
 * asked who they are: there is nothing in them, and who has not signed in must be shown how.
 */
export function addWeb(app: FastifyInstance, folder: string | null): void {
  app.register(async (pages) => {
    pages.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: 'open' };
    });
    if (folder === null) {
      for (const path of PAGES)
        pages.get(path, (_, reply) => reply.type('text/html; charset=utf-8').send(NOT_BUILT));
      return;
    }
    const assets = {
      root: `${folder}assets`,
      prefix: ASSETS,
      index: false as const,
      preCompressed: true,
      setHeaders,
    };
    await pages.register(fastifyStatic, { ...assets, immutable: true, maxAge: '365d' });
    // Asked for anew each time, and answered by 304 as long as it is the same.
    const document = { maxAge: 0, immutable: false };
    for (const path of PAGES) pages.get(path, (_, reply) => reply.sendFile('index.html', folder, document));
  });
}
