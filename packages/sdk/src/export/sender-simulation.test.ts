/**
 * Senders with a spill in a world of faults (reliability.md, last line): random answers, failures,
 * full disks, kills and ends. Whatever the schedule, a record was sent, or dropped and counted, or
 * lost in the memory of a killed process; and the backend stored it once.
 *
 * SIMULATION_SEED=… repeats one run, SIMULATION_RUNS=… makes more.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Outcome } from './chunk.js';
import { World } from './fixtures/simulated-world.js';
import type { Life } from './fixtures/simulated-world.js';
import { Sender } from './sender.js';
import { resolveSettings } from './settings.js';
import type { ExportSettings } from './settings.js';
import type { Signal } from './signal.js';

const SIGNALS: readonly Signal[] = ['traces', 'metrics', 'logs'];
const RUNS = Number(process.env['SIMULATION_RUNS'] ?? 40);
const HEAD_BYTES = 64;
const EXPORT_BYTES = 150;
/** Of ids with a semicolon each. */
const BATCH_RECORDS: number = EXPORT_BYTES / 2;

class Simulation {
  readonly world: World;
  readonly directory: string;
  added = 0;
  sent = 0;
  dropped = 0;
  spilled = 0;
  /** What killed processes had in memory; some of it may have arrived. */
  lostAtMost = 0;
  /** What was answered, marked on the disk as done, and not counted before the kill. */
  untoldAtMost = 0;
  kills = 0;
  #senders: string[] = [];
  #ended: string[] = [];
  #sender: Sender | undefined;
  #life: Life | undefined;
  #waiting = 0;
  #heldBytes = 0;
  #spilledHere = 0;

  constructor(seed: number) {
    this.world = new World(seed);
    this.directory = mkdtempSync(join(tmpdir(), 'codomyrmex-simulation-'));
  }

  start(): void {
    const { directory, world } = this;
    const name = `sender ${this.#senders.length}`;
    this.#senders.push(name);
    this.#waiting = 0;
    this.#heldBytes = 0;
    this.#spilledHere = 0;
    const life = world.live(() => {
      this.untoldAtMost += BATCH_RECORDS;
      this.#die(life);
    });
    this.#life = life;
    const spill = {
      directory,
      maxBytes: world.pick([900, 6000]),
      sender: name,
      heirOf: [...this.#ended],
    };
    const done = (outcome: Outcome): void => {
      if (!life.isOver) this.#settle(outcome);
    };
    this.#sender = new Sender({ ...this.#settings(), spill }, done, {}, life.surroundings);
  }

  #settle(outcome: Outcome): void {
    const { sent, dropped, spilled } = outcome;
    this.sent += sent;
    this.dropped += dropped;
    this.#spilledHere += spilled;
    if (outcome.chunkCount > 0) this.#waiting -= sent + dropped + spilled;
    this.#heldBytes -= outcome.heldBytes;
  }

  #die(life: Life): void {
    life.isOver = true;
    this.kills++;
    this.lostAtMost += this.#waiting;
  }

  kill(): void {
    if (this.#life?.isOver === false) this.#die(this.#life);
  }

  /** Starts the next process when the last one was killed. */
  revive(): void {
    if (this.#life?.isOver !== true) return;
    // Only for its open files: a dead process does nothing.
    this.#sender?.close();
    this.#next();
  }

  #next(): void {
    this.#ended = [...this.#senders];
    this.start();
  }

  add(): void {
    const count = 1 + this.world.below(4);
    let text = '';
    for (let index = 0; index < count; index++) text += `${this.added + index};`;
    const bytes = Buffer.from(text);
    this.added += count;
    this.#waiting += count;
    this.#heldBytes += bytes.length + HEAD_BYTES;
    const heldBytes = bytes.length + HEAD_BYTES;
    const signal = this.world.pick(SIGNALS);
    this.#sender?.add({ signal, bytes, recordCount: count, heldBytes });
  }

  /** What is no record, for instance a span that still runs. */
  addView(): void {
    this.#heldBytes += HEAD_BYTES;
    const bytes = Buffer.from('');
    this.#sender?.add({ signal: 'traces', bytes, recordCount: 0, heldBytes: HEAD_BYTES });
  }

  /** As startDashboardServer does: what waits for another attempt makes it now. */
  configure(): void {
    this.#sender?.configure(this.#settings());
  }

  #settings(): ExportSettings {
    const maxInFlight = 1 + this.world.below(4);
    return resolveSettings({ batch: { maxExportBytes: EXPORT_BYTES, maxInFlight } }, {});
  }

  flush(last: boolean): void {
    void this.#sender?.flush(last);
  }

  drain(): void {
    this.#sender?.drain();
  }

  /** The process ends in an orderly way. */
  end(): void {
    this.#sender?.close();
    if (this.#life!.isOver) return;
    this.#expectSettled();
    this.#life!.isOver = true;
    this.#next();
  }

  #expectSettled(): void {
    expect(this.#waiting, 'records without outcome').toBe(0);
    expect(this.#heldBytes, 'bytes without outcome').toBe(0);
  }

  async finish(): Promise<void> {
    this.world.heal();
    this.revive();
    let isFlushed = false;
    void this.#sender!.flush().then(() => (isFlushed = true));
    await this.world.pass(300_000);
    expect(isFlushed, 'flushed').toBe(true);
    this.#expectSettled();
    expect(this.#spilledHere, 'left on disk').toBe(0);
    this.#sender!.close();
    expect(readdirSync(this.directory)).toEqual([]);
    rmSync(this.directory, { recursive: true });
  }

  check(): void {
    const unaccounted = this.added - this.sent - this.dropped;
    const most = this.lostAtMost + this.untoldAtMost;
    expect(unaccounted, 'neither sent nor dropped').toBeLessThanOrEqual(most);
    expect(unaccounted, 'counted twice').toBeGreaterThanOrEqual(0);
    const twice = [...this.world.stored].filter(([, times]) => times > 1);
    expect(twice, 'stored twice').toEqual([]);
    const missing = this.added - this.world.stored.size;
    expect(missing, 'lost uncounted').toBeLessThanOrEqual(this.dropped + most);
    expect(this.world.stored.size, 'sent but not stored').toBeGreaterThanOrEqual(this.sent);
  }
}

function act(simulation: Simulation): void {
  const { world } = simulation;
  const dice = world.random();
  if (dice < 0.57) simulation.add();
  else if (dice < 0.59) simulation.addView();
  else if (dice < 0.6) simulation.configure();
  else if (dice < 0.78) world.changeWeather();
  else if (dice < 0.83) world.isDiskFull = !world.isDiskFull;
  else if (dice < 0.86) simulation.flush(world.random() < 0.5);
  else if (dice < 0.88) simulation.drain();
  else if (dice < 0.91) simulation.end();
  else if (dice < 0.94) simulation.kill();
  else if (dice < 0.97) world.killsAtWrite = true;
  else simulation.revive();
}

async function simulate(seed: number): Promise<Simulation> {
  const simulation = new Simulation(seed);
  const { world } = simulation;
  simulation.start();
  const steps = 40 + world.below(120);
  for (let step = 0; step < steps; step++) {
    act(simulation);
    await world.pass(world.random() < 0.1 ? world.below(60_000) : world.below(400));
    simulation.revive();
  }
  await simulation.finish();
  simulation.check();
  return simulation;
}

it(
  'loses nothing uncounted and stores nothing twice, whatever happens',
  async () => {
    const first = Number(process.env['SIMULATION_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
    const runs = process.env['SIMULATION_SEED'] === undefined ? RUNS : 1;
    let kills = 0;
    let sent = 0;
    for (let seed = first; seed < first + runs; seed++) {
      try {
        const simulation = await simulate(seed);
        kills += simulation.kills;
        sent += simulation.sent;
      } catch (error: unknown) {
        throw new Error(`SIMULATION_SEED=${seed}`, { cause: error });
      }
    }
    // It was a simulation of something.
    expect(sent).toBeGreaterThan(runs * 10);
    expect(kills + runs).toBeGreaterThan(0);
  },
  20_000 + RUNS * 500,
);
