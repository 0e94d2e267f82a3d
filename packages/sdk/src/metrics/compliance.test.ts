import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

const HERE: string = fileURLToPath(new URL('.', import.meta.url));
const DOCS: string = fileURLToPath(new URL('../../../../docs/', import.meta.url));

/** Second column of the document's last table: names of tests. */
function namedTests(document: string): string[] {
  const text = readFileSync(`${DOCS}${document}`, 'utf8');
  const [, table = ''] = text.split('## What of the specification is there');
  return [...table.matchAll(/^\| (?!specification|---)[^|]+ \| ([^|]+) \|$/gm)].map(
    ([, name = '']) => name,
  );
}

function testsIn(folder: string): string {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.test.js') && file !== 'compliance.test.js')
    .map((file) => readFileSync(`${folder}${file}`, 'utf8'))
    .join('\n');
}

describe.each([
  ['metrics.md', HERE],
  ['logs.md', HERE.replace(/metrics\/$/, 'logs/')],
])('the table of %s', (document, folder) => {
  const tests = testsIn(folder);
  const names = namedTests(document);

  it('has lines', () => {
    expect(names.length).toBeGreaterThanOrEqual(10);
  });

  it.each(names)('names a test that is there: %s', (name) => {
    expect(tests).toContain(`it('${name}'`);
  });
});
