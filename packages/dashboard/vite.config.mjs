import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { defineConfig } from 'vite';
import solid from 'vite-plugin-solid';

/** Where `npm run dev` finds a backend; the built page always talks to its own origin. */
const backend = process.env['CODOMYRMEX_TELEMETRY_DASHBOARD_URL'] ?? 'http://127.0.0.1:4320';

/**
 * Turns `lucide-static/icons/x.svg?paths` into the markup inside its svg element: no runtime icon
 * library.
 * @returns {import('vite').Plugin}
 */
function iconPaths() {
  const require = createRequire(import.meta.url);
  return {
    name: 'icon-paths',
    enforce: 'pre',
    resolveId(id) {
      return id.endsWith('.svg?paths') ? `\0${id}.js` : undefined;
    },
    load(id) {
      if (!id.startsWith('\0') || !id.endsWith('.svg?paths.js')) return undefined;
      const svg = readFileSync(require.resolve(id.slice(1, -'?paths.js'.length)), 'utf8');
      const inner = /<svg[^>]*>(.*)<\/svg>/s.exec(svg)?.[1];
      if (inner === undefined) throw new Error(`cannot read icon ${id}: no svg element`);
      return `export default ${JSON.stringify(inner.replace(/\s+/g, ' ').trim())}`;
    },
  };
}

export default defineConfig({
  base: '/',
  plugins: [iconPaths(), solid()],
  build: {
    outDir: '../server/dist/page',
    emptyOutDir: true,
    target: 'es2022',
    // The page's content security policy allows no data: fonts, images or scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    host: '127.0.0.1',
    proxy: { '/api': { target: backend, ws: true }, '/v1': backend, '/health': backend },
  },
});
