// npm run reliability -- overload [--seconds 60]
// Promise 7 in its long form: ten times the senders that saturate the server, through HTTP and
// through gRPC. Wants a machine with nothing else to do.
import { parseArgs } from 'node:util';

import { overload, SATURATING } from './overload.js';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } });
const seconds = Number(values.seconds);
for (const door of ['http', 'grpc'] as const) {
  const quarter = seconds / 4;
  const enough = await overload({ door, seconds: quarter, inFlight: SATURATING });
  const most = enough.acknowledgedSpans / quarter;
  const result = await overload({ door, seconds });
  const { load, questionMillis, acknowledgedSpans, storedSpans, unknownSpans } = result;
  const taken = acknowledgedSpans / seconds;
  const slowest = questionMillis.at(-1) ?? Infinity;
  const lines: readonly (readonly [string, string, boolean])[] = [
    ['shed, asked to come back later', String(load.shed), load.shed > 0],
    ['shed without a time', String(load.shedSilently), load.shedSilently === 0],
    ['other answers', JSON.stringify(load.others), Object.keys(load.others).length === 0],
    ['slowest question, ms', slowest.toFixed(0), slowest < 1_000],
    [
      'most memory, MB',
      (result.peakResidentBytes / 1e6).toFixed(0),
      result.peakResidentBytes < 1e9,
    ],
    ['recovered after, ms', result.recoveryMillis.toFixed(0), result.recoveryMillis < 2_000],
    ['spans a second of a tenth of the senders', most.toFixed(0), true],
    ['acknowledged spans a second', taken.toFixed(0), taken > most / 2],
    [
      'stored beside acknowledged spans',
      String(storedSpans - acknowledgedSpans),
      storedSpans >= acknowledgedSpans && storedSpans <= acknowledgedSpans + unknownSpans,
    ],
  ];
  process.stdout.write(`\n${door}, ${seconds} s, ${questionMillis.length} questions\n`);
  for (const [what, value, isGood] of lines) {
    process.stdout.write(`${isGood ? ' ok ' : 'FAIL'}  ${what}: ${value}\n`);
    if (!isGood) process.exitCode = 1;
  }
}
