import { appendFileSync, readFileSync } from 'node:fs';

import { DAMAGE_LIMITS } from '../limits.js';

/**
 * What was found broken, for /status: a text file beside the data, one line each, so that a loss
 * is still told after the next start. Deleting the file acknowledges it.
 */
export class DamageNotes {
  readonly #file: string;
  readonly #lines: string[];

  constructor(file: string) {
    this.#file = file;
    this.#lines = readLines(file).slice(-DAMAGE_LIMITS.notes);
  }

  /** Adds one line, unless it has been told before. Never throws. */
  add(text: string): void {
    if (this.#lines.some((line) => line.endsWith(` ${text}`))) return;
    const line = `${new Date().toISOString()} ${text}`;
    this.#lines.push(line);
    if (this.#lines.length > DAMAGE_LIMITS.notes) this.#lines.shift();
    try {
      appendFileSync(this.#file, `${line}\n`, { mode: 0o600 });
    } catch {
      // A full disk: it is told until this process ends.
    }
  }

  /** Oldest first, each with when it was found. */
  list(): readonly string[] {
    return [...this.#lines];
  }
}

function readLines(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return []; // nothing has been broken yet
  }
}
