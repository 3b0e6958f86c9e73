// Node 20 reads no TypeScript; vite does.
import { createServer } from 'vite';

/**
 * Imports a TypeScript file from this folder and runs `use` with it. The server is there for as long: modules that are
 * imported on demand come through it.
 */
export async function withModule(file, use) {
  const server = await createServer({
    configFile: false,
    appType: 'custom',
    logLevel: 'error',
    optimizeDeps: { noDiscovery: true },
    server: { middlewareMode: true, hmr: false, watch: null, ws: false },
  });
  try {
    await use(await server.ssrLoadModule(new URL(file, import.meta.url).pathname));
  } finally {
    await server.close();
  }
}
