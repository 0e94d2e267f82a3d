import { fork, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import type { BenchResult, BenchRow } from './main.js';

type Which = 'ours' | 'official';
type Numbers = Readonly<Record<string, number>>;

const ROUNDS = 3;
const require = createRequire(import.meta.url);
const { version } = require('@opentelemetry/sdk-trace-base/package.json') as { version: string };
const PEER: string = `OpenTelemetry JS ${version}`;

interface Case {
  readonly what: string;
  readonly goal: string;
  /** 0: as fast as it can. */
  readonly spansPerSecond: number;
  /** Of the backend, before it answers. */
  readonly delayMillis: number;
  /** `pipeline`: the official SDK with a generous queue; `defaults`: as it comes. */
  readonly mode: 'pipeline' | 'defaults';
}

const CASES: readonly Case[] = [
  {
    what: 'as fast as one thread can, a backend on loopback that answers at once',
    goal: '≥ 500 k/s, none lost',
    spansPerSecond: 0,
    delayMillis: 0,
    mode: 'pipeline',
  },
  {
    what: '60,000 spans/s, a backend that answers after 20 ms',
    goal: 'none lost',
    spansPerSecond: 60_000,
    delayMillis: 20,
    mode: 'pipeline',
  },
  {
    what: '1,000 requests/s of 7 spans, a backend that answers after 100 ms, defaults on both',
    goal: 'none lost',
    spansPerSecond: 7000,
    delayMillis: 100,
    mode: 'defaults',
  },
];

/**
 * Spans lost between start() and a sink in another process that counts them, ours beside the
 * official SDK, in processes of their own, in turn. The worst round of each counts.
 */
export async function run(): Promise<BenchResult> {
  const sink = fork(fileURLToPath(new URL('./span-sink.js', import.meta.url)));
  try {
    const url = await new Promise<string>((resolve) => {
      sink.once('message', (message) => resolve((message as { url: string }).url));
    });
    const results: BenchRow[] = [];
    for (const one of CASES) {
      await fetch(`${url}/delay/${one.delayMillis}`);
      const ours: Numbers[] = [];
      const official: Numbers[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        ours.push(await subject('ours', one, url));
        official.push(await subject('official', one, url));
      }
      results.push({
        what: one.what,
        ours: show(ours),
        peer: show(official),
        peerName: PEER,
        goal: one.goal,
      });
    }
    return { name: 'Loss: spans that do not arrive', results };
  } finally {
    sink.disconnect();
  }
}

function subject(which: Which, { mode, spansPerSecond }: Case, url: string): Promise<Numbers> {
  const program = fileURLToPath(new URL('./span-subject.js', import.meta.url));
  const args = [program, which, mode, url, String(spansPerSecond)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (piece) => (output += String(piece)));
  return new Promise((resolve, reject) => {
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(output) as Numbers);
      else reject(new Error(`${which} ended with ${code}`));
    });
  });
}

function show(rounds: readonly Numbers[]): string {
  const delivered = Math.min(...rounds.map((round) => round['delivered']!));
  const speeds = rounds.map((round) => round['perSecond']!).toSorted((a, b) => a - b);
  const lost = Math.round((1 - delivered) * 1000) / 10;
  const speed = `${Math.round(speeds[speeds.length >> 1]! / 1000)} k/s`;
  return `${speed}, ${lost > 0 ? `${lost} % lost` : 'none lost'}`;
}
