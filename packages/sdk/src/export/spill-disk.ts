/** The part of the file system that a spill's records go through. */
import { closeSync, ftruncateSync, openSync, rmSync, writeSync, writevSync } from 'node:fs';

/** Where a spill's bytes are written; throws what the file system does. */
export interface SpillDisk {
  /** Writes the pieces one after another at `offset` of an open file; gives how many bytes. */
  append(file: number, pieces: readonly Uint8Array[], offset: number): number;
  /** Shortens an open file. */
  cut(file: number, size: number): void;
  /** Writes single bytes of a file in place, one after another. */
  patch(path: string, bytes: readonly (readonly [offset: number, value: number])[]): void;
  /** Removes a file, or a folder with all in it. */
  remove(path: string): void;
}

/** The file system. */
export const realDisk: SpillDisk = {
  append: (file, pieces, offset) => writevSync(file, pieces, offset),
  cut: (file, size) => ftruncateSync(file, size),
  remove: (path) => rmSync(path, { recursive: true, force: true }),
  patch: (path, bytes) => {
    const file = openSync(path, 'r+');
    try {
      for (const [offset, value] of bytes) writeSync(file, Buffer.of(value), 0, 1, offset);
    } finally {
      closeSync(file);
    }
  },
};
