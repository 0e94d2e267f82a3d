/** A sender thread that cannot start: a bundle without its file, a permission model. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Backend } from './fixtures/backend.js';
import type { Chunk } from './sender.js';
import { SenderThread } from './sender-thread.js';
import { resolveSettings } from './settings.js';

const chunk = (): Chunk => ({
  signal: 'traces',
  bytes: Uint8Array.of(0x0a, 0),
  recordCount: 1,
  heldBytes: 2,
});

describe('a sender thread without its program', () => {
  it('gives back what it was given, and lets a flush go on', async () => {
    const settings = resolveSettings({ endpoint: 'http://127.0.0.1:1' }, {});
    const given: Chunk[] = [];
    const told: string[] = [];
    const thread = SenderThread.start(
      settings,
      {
        settle: () => undefined,
        failed: (left, message) => {
          given.push(...left);
          told.push(message);
        },
        warn: () => undefined,
      },
      new URL('./no-such-file.js', import.meta.url),
    )!;
    thread.add(chunk());
    const flushed = thread.flush(false);
    thread.add(chunk());
    await flushed;
    expect(given.map((left) => left.bytes.length)).toEqual([2, 2]);
    expect(told).toHaveLength(1);
    expect(told[0]).toContain('no-such-file');
    await thread.flush(true);
    await thread.close();
  });
});

describe('a program that may not make threads', () => {
  it('sends from its own thread', async () => {
    const backend = await Backend.start();
    const program = fileURLToPath(new URL('../node/fixtures/ending.js', import.meta.url));
    const isOld = Number(process.versions.node.split('.')[0]) < 24;
    const permission = isOld ? '--experimental-permission' : '--permission';
    const flags = [permission, '--allow-fs-read=*', ...(isOld ? [] : ['--allow-net'])];
    await promisify(execFile)(process.execPath, [...flags, program, 'natural'], {
      // Coverage would need to write files.
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: backend.url },
    });
    expect(backend.spans.map((span) => span.name)).toEqual(['last']);
    await backend.close();
  });
});
