// npm test: every test there is, coverage of every process, one closing line.
// `npm test -- --unit` leaves the end-to-end tests (and so the coverage gate) out.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from './chromium.mjs';
import { checkCoverage } from './coverage.mjs';
import {
  bin,
  buildPage,
  CACHE,
  command,
  compile,
  install,
  run,
  step,
  StepError,
} from './steps.mjs';

const COVERAGE = join(CACHE, 'coverage');
const RESULTS = join(CACHE, 'results');

await command(async (args) => {
  const began = performance.now();
  const unitOnly = args.includes('--unit');
  await install();
  await compile();
  await buildPage();
  rmSync(COVERAGE, { recursive: true, force: true });
  rmSync(RESULTS, { recursive: true, force: true });
  mkdirSync(RESULTS, { recursive: true });
  const env = { ...process.env, NODE_V8_COVERAGE: join(COVERAGE, 'raw') };
  if (!unitOnly) env.CHROMIUM_PATH = await chromium();

  const failures = [];
  const suites = unitOnly ? [['unit', 'dashboard']] : [['unit', 'dashboard'], ['e2e']];
  for (const projects of suites) {
    await attempt(failures, () =>
      step(`tests: ${projects.join(', ')}`, () => vitest(projects, env)),
    );
  }
  if (!unitOnly) await attempt(failures, () => step('coverage', () => checkCoverage(COVERAGE)));

  for (const message of failures) console.error(`✗ ${message}`);
  const minutes = ((performance.now() - began) / 60_000).toFixed(1);
  console.log(`\nall of it took ${minutes} min`);
  console.log(closingLine(suites));
  if (failures.length > 0) process.exitCode = 1;
});

/** Runs one suite; a failure is noted and the next suite still runs. */
async function attempt(failures, work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    failures.push(error.message);
  }
}

function resultFile(projects) {
  return join(RESULTS, `${projects.join('-')}.json`);
}

function vitest(projects, env) {
  const names = projects.flatMap((name) => ['--project', name]);
  const reporters = ['--reporter=default', '--reporter=json'];
  const output = `--outputFile.json=${resultFile(projects)}`;
  return run(process.execPath, [bin('vitest'), 'run', ...names, ...reporters, output], { env });
}

function closingLine(suites) {
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  for (const projects of suites) {
    if (!existsSync(resultFile(projects))) {
      failed++;
      continue;
    }
    const result = JSON.parse(readFileSync(resultFile(projects), 'utf8'));
    passed += result.numPassedTests;
    failed += result.numFailedTests;
    skipped += result.numPendingTests + result.numTodoTests;
    // A file that did not even load counts no test: it must not pass for green.
    const unloaded = result.testResults.filter(
      (file) => file.status === 'failed' && file.assertionResults.length === 0,
    );
    failed += unloaded.length;
  }
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
