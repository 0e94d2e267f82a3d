/** What a sender needs of the world: network, clock, chance, disk. A simulation brings its own. */
import type { Destination } from './settings.js';
import type { Signal } from './signal.js';
import { realDisk } from './spill-disk.js';
import type { SpillDisk } from './spill-disk.js';
import { Transmitter } from './transmitter.js';
import type { Attempt } from './transmitter.js';

/** The world of one sender. */
export interface Surroundings {
  readonly disk: SpillDisk;
  /** Makes one request of `pieces`. Never rejects. */
  transmit(
    signal: Signal,
    destination: Destination,
    pieces: readonly Uint8Array[],
  ): Promise<Attempt>;
  /** Closes all connections, those in use too. */
  disconnect(): void;
  /** Milliseconds that never go back. */
  nowMillis(): number;
  /** Calls `work` once, not before `millis` are over; gives what cancels it. */
  after(millis: number, work: () => void): () => void;
  /** From 0 up to but not 1. */
  random(): number;
}

/** The real world. Neither connections nor timers keep a program alive. */
export function realSurroundings(maxInFlight: number): Surroundings {
  const transmitter = new Transmitter(maxInFlight);
  return {
    disk: realDisk,
    transmit: (...request) => transmitter.transmit(...request),
    disconnect: () => transmitter.close(),
    nowMillis: () => performance.now(),
    after: (millis, work) => {
      const timer = setTimeout(work, millis);
      timer.unref();
      return () => clearTimeout(timer);
    },
    random: Math.random,
  };
}
