// The official SDK's tests for context, propagators, tracer, samplers and processors, on our /otel:
//   node e2e/official-tests/run.mjs CHECKOUT
// CHECKOUT: a clone of open-telemetry/opentelemetry-js with its dependencies installed. Compares
// what fails with expected.json, which says why; anything else fails the run.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';

const FILES = [
  'packages/sdk-trace/test',
  'packages/opentelemetry-sdk-trace-base/test',
  'packages/opentelemetry-sdk-trace-node/test',
  'packages/opentelemetry-context-async-hooks/test',
  'packages/opentelemetry-core/test/common/trace',
  'packages/opentelemetry-core/test/common/baggage',
  'packages/opentelemetry-core/test/common/propagation',
];

const [checkout] = process.argv.slice(2);
if (checkout === undefined) {
  console.error('usage: node e2e/official-tests/run.mjs CHECKOUT (of opentelemetry-js)');
  process.exit(2);
}
const here = import.meta.dirname;
const root = resolve(here, '../..');
const folder = mkdtempSync(join(tmpdir(), 'official-tests-'));
const out = join(folder, 'results.json');
spawnSync(
  process.execPath,
  [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    `--config=${join(here, 'vitest.config.mjs')}`,
    '--reporter=json',
    `--outputFile=${out}`,
    ...FILES,
  ],
  {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, OFFICIAL_CHECKOUT: resolve(checkout) },
  },
);
const results = JSON.parse(readFileSync(out, 'utf8'));
rmSync(folder, { recursive: true });
const expected = JSON.parse(readFileSync(join(here, 'expected.json'), 'utf8'));
const reasons = new Map(
  Object.entries(expected).flatMap(([reason, tests]) => tests.map((test) => [test, reason])),
);

const failed = [];
for (const file of results.testResults) {
  const name = relative(resolve(checkout), file.name);
  if (file.assertionResults.length === 0) failed.push(`${name} › (does not load: ${file.message})`);
  for (const test of file.assertionResults) {
    if (test.status === 'failed') failed.push(`${name.split('/').at(-1)} › ${test.fullName}`);
  }
}
const surprising = failed.filter((name) => !reasons.has(name));
const gone = [...reasons.keys()].filter((name) => !failed.includes(name));
if (process.argv.includes('--list')) for (const name of failed) console.log(name);
for (const name of surprising) console.error(`✗ ${name}`);
for (const name of gone) console.error(`passes now, take it out of expected.json: ${name}`);
console.log(
  `${results.numPassedTests} passed, ${failed.length} differ (${surprising.length} without a reason)`,
);
process.exitCode = surprising.length + gone.length > 0 ? 1 : 0;
