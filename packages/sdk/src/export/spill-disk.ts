/** The part of the file system that a spill's records go through. */
import { closeSync, openSync, writeSync, writevSync } from 'node:fs';

/** Where a spill's bytes are written; throws what the file system does. */
export interface SpillDisk {
  /** Writes the pieces one after another at `offset` of an open file; gives how many bytes. */
  append(file: number, pieces: readonly Uint8Array[], offset: number): number;
  /** Writes single bytes of a file in place. */
  patch(path: string, bytes: readonly (readonly [offset: number, value: number])[]): void;
}

/** The file system. */
export const realDisk: SpillDisk = {
  append: (file, pieces, offset) => writevSync(file, pieces, offset),
  patch: (path, bytes) => {
    const file = openSync(path, 'r+');
    try {
      for (const [offset, value] of bytes) writeSync(file, Buffer.of(value), 0, 1, offset);
    } finally {
      closeSync(file);
    }
  },
};
