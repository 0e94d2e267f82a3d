/** Ids that are the same in each run. */
import { setIdSource } from '../common/ids.js';

/** Deterministic ids in the place of random ones. */
export interface FakeIds extends Disposable {
  /** Starts the sequence over: for beforeEach. */
  restart(): void;
  /** Gives the SDK its random ids back. */
  restore(): void;
}

/**
 * Trace and span ids from a seeded sequence, so that each run makes the same ones in the same
 * order. They look random and samplers take them as such; no two of a run are the same.
 */
export function fakeIds(seed: number = 1): FakeIds {
  const restart = (): void => setIdSource(sequence(seed));
  const restore = (): void => setIdSource(undefined);
  restart();
  return { restart, restore, [Symbol.dispose]: restore };
}

/** A Weyl sequence through Murmur3's mixer, a bijection: 2^32 values before one comes again. */
function sequence(seed: number): (target: Int32Array) => void {
  let state = Math.imul(seed | 0, 0x85ebca6b);
  return (target) => {
    for (let index = 0; index < target.length; index++) {
      state = (state + 0x9e3779b9) | 0;
      let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
      mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
      target[index] = mixed ^ (mixed >>> 16);
    }
  };
}
