// npm run bench [name …]: the benchmarks against the peers; results go to bench/results, the table
// to bench/README.md.
import { buildPage, command, compile, install, run } from './steps.mjs';

await command(async (args) => {
  await install();
  await compile();
  await buildPage();
  await run(process.execPath, ['--expose-gc', 'bench/dist/main.js', ...args]);
});
