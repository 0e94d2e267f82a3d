import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

import { FLOORS } from './tidy-floors.js';
import { type Finding, checkFile, checkImports } from './tidy-rules.js';
import { readSource } from './tidy-source.js';

/**
 * The house rules that a program can hold: import floors, cycles, sizes, banned names. Known debts
 * stand in tidy-baseline.json; the list only shrinks: a debt that is paid must be taken out, a new
 * one is an error. `node scripts/dist/tidy.js --update` takes out what is paid.
 */
const ROOT: string = fileURLToPath(new URL('../..', import.meta.url));
const BASELINE = join(ROOT, 'scripts', 'tidy-baseline.json');
const FOLDERS = ['packages', 'bench', 'examples', 'e2e', 'scripts'];

export interface TidyReport {
  readonly files: number;
  /** New offences: to be mended. */
  readonly offences: readonly Finding[];
  /** Debts of the baseline that no longer exist: to be taken out of it. */
  readonly paid: readonly string[];
  readonly debts: number;
}

/** Checks the whole repository against the baseline. */
export function tidy(): TidyReport {
  const sources = FOLDERS.flatMap(sourceFiles).map((path) =>
    readSource(path, readFileSync(join(ROOT, path), 'utf8')),
  );
  const findings = [...sources.flatMap(checkFile), ...checkImports(sources, FLOORS)];
  const baseline = new Set<string>(readBaseline());
  const keys = new Set(findings.map((finding) => finding.key));
  return {
    files: sources.length,
    offences: findings.filter((finding) => !baseline.has(finding.key)),
    paid: [...baseline].filter((key) => !keys.has(key)),
    debts: baseline.size,
  };
}

function readBaseline(): string[] {
  return JSON.parse(readFileSync(BASELINE, 'utf8')) as string[];
}

function sourceFiles(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /(?<!\.d)\.tsx?$/.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => !/(^|\/)(node_modules|dist)\//.test(path))
    .toSorted();
}

function main(): void {
  const report = tidy();
  for (const { message, rule } of report.offences) console.error(`✗ ${message}  (${rule})`);
  if (process.argv.includes('--update')) {
    const left = readBaseline().filter((key) => !report.paid.includes(key));
    writeFileSync(BASELINE, `${JSON.stringify(left, undefined, 2)}\n`);
  } else {
    for (const key of report.paid) console.error(`✗ paid, take it out of the baseline: ${key}`);
  }
  console.log(
    `tidy: ${report.files} files, ${report.offences.length} offences, ${report.debts} debts`,
  );
  if (report.offences.length > 0 || report.paid.length > 0) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
