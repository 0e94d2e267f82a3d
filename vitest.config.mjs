// Tests run on tsc's output: what is tested is what ships (decorators included), and one coverage
// format (V8's, read by c8) serves every process: test workers, servers and worker threads alike.
import { defineConfig } from 'vitest/config';

const nativeDist = {
  deps: {
    external: [/\/(packages|scripts|e2e|bench)\/[^/]+(\/dist\/|.*\/dist\/)(?!.*\.(test|e2e)\.js)/],
  },
};
const common = {
  setupFiles: ['./scripts/vitest-setup.mjs'],
  pool: 'forks',
  testTimeout: 20_000,
  server: nativeDist,
};

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...common,
          name: 'unit',
          include: [
            'packages/{otlp,query,sdk,server}/dist/**/*.test.js',
            '{scripts,bench}/dist/**/*.test.js',
          ],
        },
      },
      {
        test: {
          name: 'dashboard',
          include: ['packages/dashboard/src/**/*.test.ts'],
          pool: 'forks',
        },
      },
      {
        test: {
          ...common,
          name: 'e2e',
          include: ['e2e/dist/**/*.e2e.js'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
