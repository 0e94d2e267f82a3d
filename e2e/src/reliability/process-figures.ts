import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What a process holds, as the kernel counts it (Linux). */
export interface ProcessFigures {
  readonly residentBytes: number;
  readonly handles: number;
  readonly threads: number;
  /** All its threads so far, user and system. */
  readonly cpuSeconds: number;
}

export interface DirectoryFigures {
  readonly bytes: number;
  readonly files: number;
  /** Parts of tables, those that wait for their removal included. */
  readonly parts: number;
}

/** Reads /proc. Throws when the process is gone. */
export function processFigures(pid: number): ProcessFigures {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // Fields 14 and 15, in ticks of 10 ms; the name before them may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    residentBytes: Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1_024,
    threads: Number(/Threads:\s+(\d+)/.exec(status)?.[1]),
    handles: readdirSync(`/proc/${pid}/fd`).length,
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100,
  };
}

/** Walks a data directory while a server changes it: what vanishes meanwhile is not counted. */
export function directoryFigures(root: string): DirectoryFigures {
  let bytes = 0;
  let files = 0;
  let parts = 0;
  const folders = [root];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of entriesOf(folder)) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        folders.push(path);
        if (/^[\w-]+_\d+_\d+_\d+(?:_\d+)?$/.test(entry.name)) parts += 1;
      } else if (entry.isFile()) {
        files += 1;
        bytes += statSync(path, { throwIfNoEntry: false })?.size ?? 0;
      }
    }
  }
  return { bytes, files, parts };
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return []; // removed since its name was read
  }
}
