// What a run of the tests came to: read from vitest's JSON, with the failures named at the very
// end, where someone who sees nothing but the tail of a log finds them.
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { ROOT } from './steps.mjs';

const SHOWN_LINES = 12;

/**
 * One suite's results.
 * @returns {{ passed: number, skipped: number, failures: { file: string, name: string, why: string }[] }}
 */
export function readResults(file) {
  if (!existsSync(file)) {
    return { passed: 0, skipped: 0, failures: [failure(file, 'the suite', 'wrote no result')] };
  }
  const result = JSON.parse(readFileSync(file, 'utf8'));
  return {
    passed: result.numPassedTests,
    skipped: result.numPendingTests + result.numTodoTests,
    failures: result.testResults.flatMap(failuresOf),
  };
}

function failuresOf(suite) {
  const failed = suite.assertionResults.filter((test) => test.status === 'failed');
  if (failed.length > 0) {
    return failed.map((test) =>
      failure(suite.name, test.fullName, test.failureMessages?.join('\n')),
    );
  }
  // A file that did not load, or whose hooks failed, must not pass for green.
  return suite.status === 'failed' ? [failure(suite.name, 'the file', suite.message)] : [];
}

function failure(file, name, why) {
  return { file: relative(ROOT, file), name, why: why ?? '' };
}

/** Prints each failure with the first lines of its reason. */
export function printFailures(heading, failures) {
  if (failures.length === 0) return;
  console.error(`\n${heading}`);
  for (const { file, name, why } of failures) {
    console.error(`✗ ${file} › ${name}`);
    for (const line of why.split('\n').slice(0, SHOWN_LINES)) console.error(`    ${line}`);
  }
}
