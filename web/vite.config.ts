/** Builds the pages of the console into `dist/web`: names of assets say their content, and each file stands compressed beside itself. */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const OUT = join(import.meta.dirname, '../dist/web');

const compressed: Plugin = {
  name: 'telltale-compressed',
  apply: 'build',
  closeBundle() {
    for (const name of readdirSync(OUT, { recursive: true, encoding: 'utf8' })) {
      if (!/\.(html|js|css|svg)$/.test(name)) continue;
      const path = join(OUT, name);
      const bytes = readFileSync(path);
      writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
      writeFileSync(`${path}.br`, brotliCompressSync(bytes));
    }
  },
};

export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  plugins: [compressed],
  build: {
    outDir: OUT,
    emptyOutDir: true,
    target: 'es2022',
    // Data in URLs would need a weaker policy of contents.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
