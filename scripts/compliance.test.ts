/** The tables of what of the specification is there name tests: each of them must exist. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT: string = fileURLToPath(new URL('../..', import.meta.url));
const HEADING = '## What of the specification is there';

/** Path → text of every test of the SDK and of whole programs. */
function testSources(): Map<string, string> {
  const paths = ['packages/sdk/src', 'e2e/src'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) =>
      join(folder, file),
    ),
  );
  const tests = paths.filter((path) => /\.(test|e2e)\.ts$/.test(path));
  const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
  // A long name stands on a line of its own.
  return new Map(tests.map((path) => [path, read(path).replaceAll(/\(\s+'/g, "('")]));
}

/**
 * What the last column names: the name of a test, or a file and the name. Lines that say why
 * something is not there are passed.
 */
function namedTests(document: string): string[] {
  const text = readFileSync(join(ROOT, 'docs', document), 'utf8');
  const [, table = ''] = text.split(HEADING);
  return [...table.matchAll(/^\| (?!specification|---).* \| ([^|]+) \|$/gm)]
    .map(([, name = '']) => name.trim())
    .filter((name) => !name.startsWith('not there'));
}

const sources = testSources();

function exists(named: string): boolean {
  const [, file = '', name = named] = /^`([^`]+)`: (.+)$/.exec(named) ?? [];
  // `it('name'`, or `)('name'` after the cases of it.each.
  return [...sources].some(([path, text]) => path.endsWith(file) && text.includes(`('${name}'`));
}

describe.each(['tracing.md', 'metrics.md', 'logs.md', 'exporting.md'])(
  'the table of %s',
  (page) => {
    it('has lines, and every test that it names', () => {
      const names = namedTests(page);
      expect(names.length).toBeGreaterThanOrEqual(10);
      expect(names.filter((name) => !exists(name))).toEqual([]);
    });
  },
);
