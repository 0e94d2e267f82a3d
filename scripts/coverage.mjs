// Coverage of every process that the tests started (workers, servers, their children), by V8's own
// counters, mapped to the TypeScript sources; the gate is per package.
import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { bin, ROOT, run, StepError } from './steps.mjs';

/** Per cent of lines and of branches that each of these must reach. */
const FLOOR = 85;
const PACKAGES = ['otlp', 'query', 'sdk', 'server'];

export async function checkCoverage(folder) {
  const sources = PACKAGES.map((name) => join('packages', name, 'dist'));
  const args = [
    'report',
    '--all',
    ...sources.flatMap((source) => ['--src', source]),
    ...PACKAGES.flatMap((name) => ['--include', `packages/${name}/{dist,src}/**`]),
    ...['**/*.test.*', '**/*.suite.*', '**/*.d.ts', '**/fixtures/**', '**/dist/page/**'].flatMap(
      (pattern) => ['--exclude', pattern],
    ),
    '--exclude-after-remap',
    '--temp-directory',
    join(folder, 'raw'),
    '--reports-dir',
    folder,
    '--reporter',
    'json-summary',
    '--reporter',
    'html',
  ];
  await run(process.execPath, ['--max-old-space-size=6144', bin('c8'), ...args]);
  const summary = JSON.parse(readFileSync(join(folder, 'coverage-summary.json'), 'utf8'));
  const below = [];
  for (const name of PACKAGES) {
    const { lines, branches, worst } = total(summary, name);
    console.log(
      `  ${name.padEnd(8)} lines ${percent(lines)}  branches ${percent(branches)}   least: ${worst}`,
    );
    if (ratio(lines) < FLOOR || ratio(branches) < FLOOR) below.push(name);
  }
  if (below.length > 0) {
    throw new StepError(`coverage below ${FLOOR} % of lines or branches in: ${below.join(', ')}`);
  }
}

function total(summary, name) {
  const lines = { covered: 0, total: 0 };
  const branches = { covered: 0, total: 0 };
  const missing = [];
  for (const [file, counts] of Object.entries(summary)) {
    if (!file.includes(join('packages', name) + '/') || isTypesOnly(file)) continue;
    add(lines, counts.lines);
    add(branches, counts.branches);
    missing.push([counts.lines.total - counts.lines.covered, relative(ROOT, file)]);
  }
  missing.sort((a, b) => b[0] - a[0]);
  const worst = missing.slice(0, 3).map(([count, file]) => `${file} (${count})`);
  return { lines, branches, worst: worst.join(', ') };
}

/** A source that compiles to nothing: its lines are types, which no test can run. */
function isTypesOnly(file) {
  const compiled = file.replace(/\/src\//, '/dist/').replace(/\.ts$/, '.js');
  if (!existsSync(compiled)) return false;
  const code = readFileSync(compiled, 'utf8').replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, '');
  return code.trim() === 'export {};';
}

function add(sum, counts) {
  sum.covered += counts.covered;
  sum.total += counts.total;
}

function ratio({ covered, total: all }) {
  return all === 0 ? 0 : (100 * covered) / all;
}

function percent(counts) {
  return `${ratio(counts).toFixed(1)} %`.padStart(7);
}
