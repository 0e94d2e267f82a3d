/**
 * Whose a spill subdirectory is. A file `owner` in it names the process; a subdirectory whose
 * process is gone is adopted by renaming it, which only one of several can do.
 */
import { randomBytes } from 'node:crypto';
import {
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { SPILL_STALE_MILLIS } from '../common/limits.js';

const PREFIX = 'process-';
const OWNER = 'owner';

interface Owner {
  readonly pid: number;
  /** When the process started, in the system's own terms; '' where that cannot be known. */
  readonly start: string;
  /** The machine since its last start, and the container: where `pid` means something. */
  readonly place: string;
  /** Which one of the process's: a sender thread may die before its process. */
  readonly sender: string;
}

/** Makes this process's subdirectory. Throws what the file system does. */
export function createOwned(directory: string, sender: string): string {
  const path = join(directory, newName());
  mkdirSync(path, { recursive: true, mode: 0o700 });
  writeOwner(path, sender);
  return path;
}

/** Says that this process is alive, for those who cannot see it (another container). */
export function keepAlive(path: string): void {
  const now = new Date();
  utimesSync(join(path, OWNER), now, now);
}

/**
 * Takes over all subdirectories whose process is gone, and those of the senders `heirOf` of this
 * process; gives their new paths.
 */
export function adoptAbandoned(
  directory: string,
  sender: string,
  heirOf: readonly string[] = [],
): string[] {
  const adopted: string[] = [];
  for (const name of readdirSync(directory)) {
    if (!name.startsWith(PREFIX) || isOwnerAlive(join(directory, name), heirOf)) continue;
    const path = join(directory, newName());
    try {
      renameSync(join(directory, name), path);
      writeOwner(path, sender);
      adopted.push(path);
    } catch {
      // Another process was quicker, with this one or with the renamed one.
    }
  }
  return adopted;
}

function newName(): string {
  return `${PREFIX}${process.pid}-${randomBytes(6).toString('hex')}`;
}

function writeOwner(path: string, sender: string): void {
  const { pid } = process;
  const owner: Owner = { pid, start: startOf(pid), place: place(), sender };
  writeFileSync(join(path, OWNER), JSON.stringify(owner), { mode: 0o600 });
}

function isOwnerAlive(path: string, heirOf: readonly string[]): boolean {
  const file = join(path, OWNER);
  try {
    const millis = Date.now() - statSync(file).mtimeMs;
    const owner = JSON.parse(readFileSync(file, 'utf8')) as Owner;
    const { pid, start, place: ownPlace, sender } = owner;
    // A process elsewhere cannot be looked at: it says itself that it is alive.
    if (ownPlace !== place()) return millis < SPILL_STALE_MILLIS;
    if (pid === process.pid && heirOf.includes(sender)) return false;
    process.kill(pid, 0);
    // A process of another user, or one that took the number of a dead one.
    return startOf(pid) === start;
  } catch (error: unknown) {
    if ((error as NodeJS.ErrnoException).code === 'EPERM') return true;
    return isBeingMade(path);
  }
}

/** A subdirectory without a readable owner may be a moment old. */
function isBeingMade(path: string): boolean {
  try {
    statSync(join(path, OWNER));
    return false;
  } catch {
    return isYoung(path);
  }
}

function isYoung(path: string): boolean {
  try {
    return Date.now() - statSync(path).ctimeMs < SPILL_STALE_MILLIS;
  } catch {
    // Gone in between: there is nothing to adopt.
    return true;
  }
}

/** Linux: field 22 of /proc/PID/stat, in ticks since the machine's start. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    // Not Linux: the number of the process has to do.
    return '';
  }
}

let knownPlace: string | undefined;

function place(): string {
  knownPlace ??= [hostname(), ...linuxPlace()].join(' ');
  return knownPlace;
}

function linuxPlace(): string[] {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return [boot, readlinkSync('/proc/self/ns/pid')];
  } catch {
    // Not Linux: the name of the machine has to do.
    return [];
  }
}
