import { hostname } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { containerIdIn, detectAttributes } from './detectors.js';
import { setDiagnostics } from './diagnostics.js';
import { detectResource } from './resource.js';

afterEach(() => setDiagnostics('warn'));

describe('the detectors', () => {
  it('tell process, host, operating system and instance', () => {
    const found = detectAttributes({});
    expect(found).toMatchObject({
      'process.pid': process.pid,
      'process.executable.name': 'node',
      'process.runtime.name': 'nodejs',
      'process.runtime.version': process.versions.node,
      'host.name': hostname(),
    });
    expect(found['service.instance.id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(found['host.arch']).toMatch(/^(amd64|arm64|arm32|x86|ppc64|s390x|riscv64|loong64)$/);
    expect(found['os.type']).toMatch(/^(linux|darwin|windows|freebsd)$/);
    expect(found['process.command']).not.toContain('/');
    expect(Object.keys(found).filter((key) => key.includes('args'))).toEqual([]);
  });

  it('are those that OTEL_NODE_RESOURCE_DETECTORS names', () => {
    const told: string[] = [];
    setDiagnostics((_severity, message) => told.push(message));
    const keys = (value: string): string[] =>
      Object.keys(detectAttributes({ OTEL_NODE_RESOURCE_DETECTORS: value }));
    expect(keys('none')).toEqual([]);
    expect(keys('os')).toEqual(['os.type', 'os.version']);
    expect(keys('env, serviceinstance')).toEqual(['service.instance.id']);
    expect(keys('all').length).toBeGreaterThan(8);
    expect(told).toEqual([]);
    expect(keys('os,moon')).toEqual(['os.type', 'os.version']);
    expect(told).toEqual(['OTEL_NODE_RESOURCE_DETECTORS: there is no "moon"']);
  });

  it('find the container in control groups of both versions', () => {
    const id = 'a0b1'.repeat(16);
    expect(containerIdIn(`12:pids:/docker/${id}\n`, undefined)).toBe(id);
    expect(containerIdIn(`0::/kubepods.slice/cri-containerd-${id}.scope`, '')).toBe(id);
    const mount = `1 2 0:3 /var/lib/docker/containers/${id}/hostname /etc/hostname rw - ext4 x rw`;
    expect(containerIdIn('0::/\n', `junk\n${mount}\n`)).toBe(id);
    expect(containerIdIn('0::/user.slice/session-3.scope', 'junk')).toBeUndefined();
    expect(containerIdIn(undefined, undefined)).toBeUndefined();
  });

  it('give way to the environment, and that to code', () => {
    const environment = {
      OTEL_RESOURCE_ATTRIBUTES: 'host.name=env,service.name=attributes,team=a%20b',
      OTEL_SERVICE_NAME: 'named',
    };
    const { attributes } = detectResource(environment, { 'host.name': 'code' });
    expect(attributes).toMatchObject({
      'host.name': 'code',
      'service.name': 'named',
      team: 'a b',
      'telemetry.sdk.language': 'nodejs',
    });
    expect(attributes['container.id'] ?? '').toMatch(/^([0-9a-f]{64})?$/);
    const own = detectResource(environment, { 'service.name': 'code' }).attributes;
    expect(own).toMatchObject({ 'service.name': 'code', 'host.name': 'env' });
    expect(detectResource({}, {}).attributes['service.name']).toBe('unknown_service:node');
  });
});
