import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';

// Type-aware rules need a compiler that TypeScript 7 does not offer to every linter; some linters
// then report nothing at all. So: see that ours can fail.
const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(root, 'scripts', 'lint-sample-'));
afterAll(() => rmSync(folder, { recursive: true }));

function lint(code: string): string {
  const file = join(folder, 'sample.ts');
  writeFileSync(file, code);
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: '../../tsconfig.base.json', include: ['.'] }),
  );
  const oxlint = join(root, 'node_modules', '.bin', 'oxlint');
  const args = [oxlint, '--type-aware', '--config', join(root, '.oxlintrc.json'), file];
  return spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' }).stdout;
}

it('finds a floating promise', () => {
  expect(lint('export async function f(): Promise<void> {}\nf();\n')).toContain('floating');
});

it('finds an any', () => {
  expect(lint('export const x: any = 1;\n')).toContain('any');
});

it('has nothing to say about a clean file', () => {
  expect(lint('export const x: number = 1;\n')).toContain('Found 0 warnings and 0 errors');
});
