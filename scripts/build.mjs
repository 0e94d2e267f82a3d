import { buildPage, command, compile, install } from './steps.mjs';

await command(async () => {
  await install();
  await compile();
  await buildPage();
});
