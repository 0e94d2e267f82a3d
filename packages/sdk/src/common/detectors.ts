/**
 * What can be known of this process without asking anybody: resource attributes under the names of
 * the semantic conventions, one function a detector. OTEL_NODE_RESOURCE_DETECTORS chooses among
 * them as official auto-instrumentations read it: names, `all` or `none`.
 *
 * Command line arguments are left out: they hold secrets more often than anything of use.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { arch, hostname, release, type, userInfo } from 'node:os';
import { basename } from 'node:path';
import { report } from './diagnostics.js';
import { readList } from './environment.js';
import type { Environment } from './environment.js';

type Detected = Readonly<Record<string, string | number | undefined>>;

const DETECTORS: Readonly<Record<string, () => Detected>> = {
  serviceinstance: () => ({ 'service.instance.id': randomUUID() }),
  process: detectProcess,
  host: () => ({ 'host.name': hostname(), 'host.arch': hostArch(arch()), 'host.id': hostId() }),
  os: () => ({ 'os.type': osType(type()), 'os.version': release() }),
  container: () => ({ 'container.id': containerId() }),
  // Read by detectResource itself, always.
  env: () => ({}),
};

/** All attributes of the detectors that the environment leaves on; unknown names warn. */
export function detectAttributes(environment: Environment): Detected {
  const names = readList(environment, 'OTEL_NODE_RESOURCE_DETECTORS') ?? ['all'];
  const found: Record<string, string | number | undefined> = {};
  for (const [name, detect] of Object.entries(DETECTORS)) {
    if (names.includes('none') || !(names.includes('all') || names.includes(name))) continue;
    try {
      Object.assign(found, detect());
    } catch (error: unknown) {
      // A container without a user, a locked-down /proc: the rest is still worth having.
      report('info', `cannot detect ${name}: ${String(error)}`);
    }
  }
  const unknown = names.find((name) => !['all', 'none'].includes(name) && !(name in DETECTORS));
  if (unknown !== undefined) {
    report('warn', `OTEL_NODE_RESOURCE_DETECTORS: there is no ${JSON.stringify(unknown)}`);
  }
  return found;
}

function detectProcess(): Detected {
  const program = process.argv[1];
  return {
    'process.pid': process.pid,
    'process.executable.name': basename(process.execPath),
    'process.command': program === undefined ? undefined : basename(program),
    'process.owner': owner(),
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
  };
}

function owner(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    // A user id without an entry in passwd, as containers have it.
    return undefined;
  }
}

/** The conventions' words for processors. */
function hostArch(name: string): string {
  const names: Readonly<Record<string, string>> = { x64: 'amd64', arm: 'arm32', ia32: 'x86' };
  return names[name] ?? name;
}

function osType(name: string): string {
  return name === 'Windows_NT' ? 'windows' : name.toLowerCase();
}

/** What systemd and dbus know the machine by; elsewhere unknown. */
function hostId(): string | undefined {
  const text = readText('/etc/machine-id') ?? readText('/var/lib/dbus/machine-id');
  return text === undefined || text.trim() === '' ? undefined : text.trim();
}

/** From the control group's name (version 1), else from the mounts (version 2). */
function containerId(): string | undefined {
  return containerIdIn(readText('/proc/self/cgroup'), readText('/proc/self/mountinfo'));
}

/** The id of 64 hex digits that Docker, containerd, CRI-O and Podman name their groups by. */
export function containerIdIn(
  cgroup: string | undefined,
  mounts: string | undefined,
): string | undefined {
  for (const line of cgroup?.split('\n') ?? []) {
    const found = /([0-9a-f]{64})(?:\.scope)?$/.exec(line);
    if (found !== null) return found[1];
  }
  for (const line of mounts?.split('\n') ?? []) {
    if (!line.includes('/hostname') && !line.includes('/resolv.conf')) continue;
    const found = /\/(?:containers|overlay-containers|sandboxes)\/([0-9a-f]{64})\//.exec(line);
    if (found !== null) return found[1];
  }
  return undefined;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Not this system, or not for this user.
    return undefined;
  }
}
