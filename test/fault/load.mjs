// Node 20 reads no TypeScript; vite does.
import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';

/**
 * Imports a TypeScript file, whose path is relative to this folder, and runs `use` with it. The server is there for as
 * long: modules that are imported on demand come through it.
 */
export async function withModule(file, use) {
  const server = await createServer({
    root: fileURLToPath(new URL('../..', import.meta.url)),
    configFile: false,
    appType: 'custom',
    logLevel: 'error',
    optimizeDeps: { noDiscovery: true },
    server: { middlewareMode: true, hmr: false, watch: null, ws: false },
  });
  try {
    await use(await server.ssrLoadModule(fileURLToPath(new URL(file, import.meta.url))));
  } finally {
    await server.close();
  }
}
