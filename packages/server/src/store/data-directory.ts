import { mkdirSync, readFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where things lie in the data directory: the engine owns everything but `codomyrmex`. */
export interface DataDirectory {
  readonly root: string;
  /** Groups that are not yet in the tables (redo-log.ts). */
  readonly redo: string;
  /** Hashes of stored requests (request-hashes.ts). */
  readonly hashes: string;
  /** Copies of the tables' definitions (definitions.ts). */
  readonly copies: string;
  /** Broken files that were set aside. */
  readonly damaged: string;
  /** What was found broken (damage-notes.ts). */
  readonly damageNotes: string;
}

/** Makes the directory and its folders. Throws with what to do when it cannot. */
export function openDataDirectory(root: string): DataDirectory {
  const directory = {
    root,
    redo: join(root, 'codomyrmex', 'redo'),
    hashes: join(root, 'codomyrmex', 'requests'),
    copies: join(root, 'codomyrmex', 'definitions.json'),
    damaged: join(root, 'codomyrmex', 'damaged'),
    damageNotes: join(root, 'codomyrmex', 'damage.log'),
  };
  try {
    mkdirSync(directory.redo, { recursive: true, mode: 0o700 });
    mkdirSync(directory.hashes, { recursive: true, mode: 0o700 });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `cannot open the data directory ${root}: ${reason}; choose another with --data-dir`,
      { cause: error },
    );
  }
  return directory;
}

/** The platform's folder for an application's data. */
export function defaultDataDirectory(
  platform: NodeJS.Platform = process.platform,
  env: NodeJS.ProcessEnv = process.env,
): string {
  const name = 'codomyrmex-telemetry';
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', name);
  if (platform === 'win32') return join(env['LOCALAPPDATA'] ?? homedir(), name);
  const xdg = env['XDG_DATA_HOME'];
  return join(xdg !== undefined && xdg !== '' ? xdg : join(homedir(), '.local', 'share'), name);
}

/** The folder in which --memory makes its temporary directory. */
export function temporaryRoot(): string {
  return join(tmpdir(), 'codomyrmex-telemetry-');
}

/**
 * The process that holds the directory, from the engine's own lock file (`PID: 123`), or undefined
 * when there is none or it has ended.
 */
export function holderOf(root: string): number | undefined {
  try {
    const found = /^PID:\s*(\d+)/m.exec(readFileSync(join(root, 'status'), 'utf8'));
    const pid = Number(found?.[1]);
    return Number.isInteger(pid) && pid > 0 && isAlive(pid) ? pid : undefined;
  } catch {
    return undefined; // no lock file: nobody has it
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
