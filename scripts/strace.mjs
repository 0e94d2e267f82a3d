// What the tests of power loss watch a server with: installed where that is possible. Without it
// (macOS, no root) they say so and are skipped.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { run, step, StepError } from './steps.mjs';

/** Installs strace by apt where root and missing. Never fails. */
export async function strace() {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return;
  if (!existsSync('/usr/bin/apt-get') || spawnSync('strace', ['-V']).status === 0) return;
  try {
    await step('install strace', async () => {
      const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
      const stdio = ['ignore', 'ignore', 'inherit'];
      await run('apt-get', ['update', '-qq'], { env, stdio });
      await run('apt-get', ['install', '-y', '-qq', 'strace'], { env, stdio });
    });
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    console.error(`  no strace: ${error.message}; power loss is not tested here`);
  }
}
