import { readdirSync, readFileSync } from 'node:fs';
import { setPriority } from 'node:os';

import { ENGINE_CAPS } from '../limits.js';

/** The name that the engine gives its threads for merges and mutations. */
const THREAD_NAME = 'MergeMutate';

/**
 * Has merges yield to inserts, questions and everything else of this process. The engine has a
 * setting for that, which only its server reads; so it is done from here, on Linux, where a thread
 * can be given a priority by its id. The threads come with the first table. Returns how many were
 * found: elsewhere, and where /proc is not to be read, none, and merges compete as before.
 */
export function lowerMergePriority(): number {
  let count = 0;
  for (const id of threadIds()) {
    try {
      const name = readFileSync(`/proc/self/task/${id}/comm`, 'utf8').trim();
      if (name !== THREAD_NAME) continue;
      setPriority(id, ENGINE_CAPS.mergeNice);
      count += 1;
    } catch {
      // The thread has ended, or we may not: it stays as it is.
    }
  }
  return count;
}

function threadIds(): readonly number[] {
  try {
    return readdirSync('/proc/self/task').map(Number);
  } catch {
    return [];
  }
}
