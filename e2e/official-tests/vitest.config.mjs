// Runs the official SDK's own test files on our classes. OFFICIAL_CHECKOUT: a checkout of it.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const here = import.meta.dirname;
const names = join(here, 'names.mjs');
const require = createRequire(import.meta.url);
const REPLACED = new Set([
  '@opentelemetry/sdk-trace',
  '@opentelemetry/sdk-trace-base',
  '@opentelemetry/sdk-metrics',
  '@opentelemetry/context-async-hooks',
]);
const isSource = (id) => /^(\.\/)?(\.\.\/)+src(\/.*)?$/.test(id);

export default defineConfig({
  plugins: [
    {
      name: 'ours',
      enforce: 'pre',
      resolveId(id, importer = '') {
        if (isSource(id) || REPLACED.has(id)) return names;
        // One copy of the api, and the propagators that register() is compared with.
        if (id === '@opentelemetry/core' && importer.includes('sdk-trace-node')) return names;
        if (id.startsWith('@opentelemetry/')) return { id: require.resolve(id), external: true };
        return undefined;
      },
    },
  ],
  test: {
    globals: true,
    root: process.env.OFFICIAL_CHECKOUT,
    include: ['packages/*/test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/browser/**'],
    setupFiles: [join(here, 'setup.mjs')],
    pool: 'forks',
    maxWorkers: 1,
    server: { deps: { external: [/\/dist\//, /node_modules/] } },
  },
});
