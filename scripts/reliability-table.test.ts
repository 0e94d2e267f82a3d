import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TABLE = pathToFileURL(join(ROOT, 'scripts', 'reliability', 'promises.mjs')).href;
const { TESTS } = (await import(TABLE)) as {
  readonly TESTS: { readonly [promise: string]: readonly (readonly string[])[] };
};
const PAGE = readFileSync(join(ROOT, 'docs', 'reliability.md'), 'utf8');

/** The source of a compiled test. */
function sourceOf(file: string): string {
  return join(ROOT, file.replace('/dist/', '/src/').replace(/\.js$/, '.ts'));
}

describe.each(Object.entries(TESTS))('promise %s', (promise, tests) => {
  it.each(tests)('%s %s %s', (project, file = '', name = '') => {
    expect(['unit', 'e2e']).toContain(project);
    expect(existsSync(sourceOf(file)), file).toBe(true);
    // A name that nothing has would pass by running nothing.
    expect(readFileSync(sourceOf(file), 'utf8') + suiteOf(file)).toContain(name);
    const row = PAGE.split('\n').find((line) => line.startsWith(`| ${promise} |`)) ?? '';
    expect(row).toContain(basename(sourceOf(file)));
  });
});

/** embedded-engine.test.ts runs a suite of another file. */
function suiteOf(file: string): string {
  const suite = join(ROOT, 'packages', 'server', 'src', 'store', 'store.suite.ts');
  return file.includes('embedded-engine') ? readFileSync(suite, 'utf8') : '';
}
