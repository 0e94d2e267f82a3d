import { dirname } from 'node:path';

import { fileOf, pathsOf, type SystemCall } from './syscalls.js';

/** A file or folder that exists at some moment, and how much of it a power cut leaves. */
interface Node {
  readonly kind: 'file' | 'folder' | 'link';
  bytes: number;
  /** Bytes that were there when the last sync that has ended began. */
  syncedBytes: number;
  /** Its last name. */
  path: string;
}

interface Entry {
  readonly node: Node;
  /** The folder was synced since the name was given. */
  isSynced: boolean;
}

/** A name that survives, and of a file how many bytes. */
export interface Survivor {
  readonly path: string;
  readonly kind: Node['kind'];
  readonly bytes: number;
  /** Its last name in the whole trace, once that has been applied: there its content is. */
  lastPath(): string;
}

interface Syncing {
  readonly node: Node;
  readonly bytes: number;
  readonly entries: readonly Entry[];
  readonly removed: readonly string[];
}

/**
 * What a power cut may leave of a directory, by the letter of POSIX and in the worst case: of a
 * file the bytes that were there when its last fsync began; of names only those that were given
 * before the last fsync of their folder began; and a removal is done at once (`removals: 'kept'`:
 * it is undone unless its folder was synced). Real file systems are kinder, each in its own way.
 *
 *   begin(call), end(call) … in the order of the trace ─► survivors() at any moment
 */
export class DurableState {
  readonly #root: string;
  readonly #keepsRemoved: boolean;
  /** By path. */
  readonly #entries = new Map<string, Entry>();
  readonly #removed = new Map<string, Entry>();
  readonly #syncing = new Map<SystemCall, Syncing>();

  constructor(root: string, removals: 'done' | 'kept') {
    this.#root = root;
    this.#keepsRemoved = removals === 'kept';
    // Its own name is whoever's made the folder it lies in.
    const node: Node = { kind: 'folder', bytes: 0, syncedBytes: 0, path: root };
    this.#entries.set(root, { node, isSynced: true });
  }

  /** A sync covers what was there when it began. */
  begin(call: SystemCall): void {
    if (call.name !== 'fsync' && call.name !== 'fdatasync') return;
    const path = fileOf(call.args);
    const node = path === undefined ? undefined : this.#entries.get(path)?.node;
    if (path === undefined || node === undefined) return;
    const isChild = ([child]: [string, Entry]): boolean => dirname(child) === path;
    this.#syncing.set(call, {
      node,
      bytes: node.bytes,
      entries: [...this.#entries].filter(isChild).map(([, entry]) => entry),
      removed: [...this.#removed].filter(isChild).map(([child]) => child),
    });
  }

  /** The call has ended and what it did is seen by every program. */
  end(call: SystemCall): void {
    if (call.result < 0) return;
    const [first = '', second = ''] = pathsOf(call.args).map((path) => path.replace(/\/$/, ''));
    switch (call.name) {
      case 'open':
      case 'creat':
      case 'openat':
        if (/O_CREAT/.test(call.args)) this.#create(first, /O_TRUNC/.test(call.args));
        return;
      case 'mkdir':
      case 'mkdirat':
        this.#name(first, { kind: 'folder', bytes: 0, syncedBytes: 0, path: first });
        return;
      case 'symlink':
      case 'symlinkat':
        // The call's first path is what it points to.
        this.#name(second, { kind: 'link', bytes: 0, syncedBytes: 0, path: second });
        return;
      case 'link':
      case 'linkat':
        this.#link(first, second);
        return;
      case 'rename':
      case 'renameat':
      case 'renameat2':
        this.#rename(first, second);
        return;
      case 'unlink':
      case 'unlinkat':
      case 'rmdir':
        this.#remove(first);
        return;
      default:
        this.#endOnFile(call);
    }
  }

  #endOnFile(call: SystemCall): void {
    const { name, args, result } = call;
    const path = fileOf(args);
    const node = path === undefined ? undefined : this.#entries.get(path)?.node;
    if (node === undefined) return;
    if (name === 'fsync' || name === 'fdatasync') this.#synced(call);
    else if (name === 'write' || name === 'writev') node.bytes += result;
    else if (name === 'ftruncate') node.bytes = Number(/, (\d+)$/.exec(args)?.[1] ?? 0);
    else throw new Error(`this model knows nothing of ${name} on ${path}`);
  }

  #synced(call: SystemCall): void {
    const syncing = this.#syncing.get(call);
    this.#syncing.delete(call);
    if (syncing === undefined) return;
    syncing.node.syncedBytes = syncing.bytes;
    for (const entry of syncing.entries) entry.isSynced = true;
    for (const path of syncing.removed) this.#removed.delete(path);
  }

  #create(path: string, truncates: boolean): void {
    const known = this.#entries.get(path);
    if (known === undefined) this.#name(path, { kind: 'file', bytes: 0, syncedBytes: 0, path });
    else if (truncates) {
      known.node.bytes = 0;
      known.node.syncedBytes = 0;
    }
  }

  #name(path: string, node: Node): void {
    if (!path.startsWith(`${this.#root}/`)) return;
    this.#removed.delete(path);
    node.path = path;
    this.#entries.set(path, { node, isSynced: false });
  }

  #link(from: string, to: string): void {
    const entry = this.#entries.get(from);
    if (entry !== undefined) this.#name(to, entry.node);
  }

  #rename(from: string, to: string): void {
    const moved = [...this.#entries].filter(([path]) => path === from || isIn(path, from));
    this.#remove(to);
    for (const [path, entry] of moved) {
      this.#entries.delete(path);
      const name = to + path.slice(from.length);
      // What lies in a folder goes with it; only the folder's own name is new.
      if (path === from) {
        this.#name(name, entry.node);
      } else {
        entry.node.path = name;
        this.#entries.set(name, entry);
      }
    }
  }

  #remove(path: string): void {
    const entry = this.#entries.get(path);
    if (entry === undefined) return;
    this.#entries.delete(path);
    if (this.#keepsRemoved && entry.isSynced) this.#removed.set(path, entry);
  }

  /** What is left when the power goes now: folders before what lies in them. */
  survivors(): readonly Survivor[] {
    const all = [...this.#entries, ...this.#removed].toSorted(([a], [b]) => (a < b ? -1 : 1));
    const lost: string[] = [];
    const left: Survivor[] = [];
    for (const [path, { node, isSynced }] of all) {
      if (lost.some((folder) => isIn(path, folder))) continue;
      const { kind, syncedBytes: bytes } = node;
      if (path === this.#root) continue;
      if (!isSynced) lost.push(path);
      else left.push({ path, kind, bytes, lastPath: () => node.path });
    }
    return left;
  }
}

function isIn(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`);
}
