// Format, lint, types, import rules, dead code: under a minute.
import { bin, command, compile, install, run, step } from './steps.mjs';

await command(async (args) => {
  await install();
  const fix = args.includes('--fix');
  await compile();
  await step('format', () => run(bin('oxfmt'), fix ? ['.'] : ['--check', '.']));
  await step('lint', () => run(bin('oxlint'), ['--type-aware', ...(fix ? ['--fix'] : [])]));
  await step('import rules and sizes', () => run(process.execPath, ['scripts/dist/tidy.js']));
  await step('dead code', () => run(bin('knip'), []));
});
