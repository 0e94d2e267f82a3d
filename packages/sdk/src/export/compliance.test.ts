/** docs/exporting.md names a test for each line of the specification: each must be there. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT: string = fileURLToPath(new URL('../../../../', import.meta.url));
const text: string = readFileSync(`${ROOT}docs/exporting.md`, 'utf8');
const [, table = ''] = text.split('## What of the specification is there');
/** Line of the specification, file of the test, its name. */
const rows: readonly (readonly [string, string, string])[] = [
  ...table.matchAll(/^\| ([^|]+) \| [^|]+ \| `([^`|]+)`: ([^|]+) \|$/gm),
].map(([, line = '', file = '', name = '']) => [line, file, name]);

describe('the table of exporting.md', () => {
  it('has lines', () => {
    expect(rows.length).toBeGreaterThanOrEqual(35);
  });

  it.each(rows)('%s', (_line, file, name) => {
    const folder = file.endsWith('.e2e.ts') ? 'e2e/src' : 'packages/sdk/src';
    expect(readFileSync(`${ROOT}${folder}/${file}`, 'utf8')).toContain(`'${name}'`);
  });
});
