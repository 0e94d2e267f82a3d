import { describe, expect, it } from 'vitest';

import { FLOORS } from './tidy-floors.js';
import { checkFile, checkImports } from './tidy-rules.js';
import { readSource } from './tidy-source.js';
import { tidy } from './tidy.js';

function rulesOf(path: string, text: string): string[] {
  return checkFile(readSource(path, text)).map((finding) => finding.rule);
}

function importRules(files: Readonly<Record<string, string>>): string[] {
  const sources = Object.entries(files).map(([path, text]) => readSource(path, text));
  return checkImports(sources, FLOORS).map((finding) => finding.rule);
}

describe('the repository', () => {
  it('keeps the house rules, and its debts only shrink', () => {
    const report = tidy();
    expect(report.offences.map((finding) => finding.message)).toEqual([]);
    expect(report.paid).toEqual([]);
    expect(report.files).toBeGreaterThan(50);
  });
});

describe('every rule can fail', () => {
  it('sizes', () => {
    const long = `function f() {\n${'  g();\n'.repeat(71)}}`;
    expect(rulesOf('packages/sdk/src/a.ts', long)).toEqual(['function-length']);
    expect(rulesOf('packages/sdk/src/a.ts', 'a();\n'.repeat(401))).toEqual(['file-length']);
    expect(rulesOf('packages/sdk/src/a.ts', `f('${'x'.repeat(100)}');`)).toEqual(['line-length']);
  });

  it('names', () => {
    expect(rulesOf('packages/sdk/src/utils.ts', '')).toEqual(['file-name']);
    expect(rulesOf('packages/sdk/src/a.ts', 'class SpanManager {}')).toEqual(['type-name']);
    expect(rulesOf('packages/sdk/src/a.ts', 'interface ISpan {}')).toEqual(['type-name']);
    expect(rulesOf('packages/sdk/src/a.ts', 'export default 1;')).toEqual(['default-export']);
    expect(rulesOf('packages/sdk/src/a.ts', "export * from './b.js';")).toEqual(['export-all']);
  });

  it('floors', () => {
    const up = "import { x } from '@codomyrmex/telemetry-server';";
    expect(importRules({ 'packages/sdk/src/trace/a.ts': up })).toEqual(['import']);
    const inside = "import { x } from '../trace/b.js';";
    expect(importRules({ 'packages/sdk/src/common/a.ts': inside })).toEqual(['import']);
    expect(importRules({ 'packages/sdk/src/node/a.ts': inside })).toEqual([]);
    const across = "import { x } from '../../../otlp/src/wire-writer.js';";
    expect(importRules({ 'packages/sdk/src/trace/a.ts': across })).toEqual(['import']);
  });

  it('cycles, also as types', () => {
    const files = {
      'packages/sdk/src/trace/a.ts': "import type { B } from './b.js'; export type A = B;",
      'packages/sdk/src/trace/b.ts': "export type { A } from './a.js'; export type B = 1;",
    };
    expect(importRules(files)).toEqual(['cycle']);
  });
});
