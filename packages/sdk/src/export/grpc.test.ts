import { encode } from '@codomyrmex/otlp';
import { createServer as createTcp } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GrpcBackend, answerCall, endCall, takeCall } from './fixtures/grpc-backend.js';
import { Backend } from './fixtures/backend.js';
import { TEST_CERTIFICATE } from './fixtures/certificate.js';
import { asksForLiveSpans } from './live-probe.js';
import type { TelemetryOptions } from './options.js';
import { Sender } from './sender.js';
import type { Outcome } from './chunk.js';
import { resolveSettings } from './settings.js';
import { realSurroundings } from './surroundings.js';

let backend: GrpcBackend;
let sender: Sender;
let outcomes: Outcome[];

beforeEach(async () => {
  backend = await GrpcBackend.start();
  sender = open();
});
afterEach(async () => {
  vi.useRealTimers();
  sender.close();
  await backend.close();
});

function open(options: TelemetryOptions = {}, endpoint: string = backend.url): Sender {
  outcomes = [];
  const settings = resolveSettings({ endpoint, protocol: 'grpc', ...options }, {});
  return new Sender(settings, (outcome) => outcomes.push(outcome));
}

function send(...names: string[]): void {
  const spans = names.map((name) => ({ name }));
  const bytes = encode('ExportTraceServiceRequest', {
    resourceSpans: [{ scopeSpans: [{ spans }] }],
  });
  sender.add({ signal: 'traces', bytes, recordCount: names.length, heldBytes: bytes.length });
}

/** Waits for the outcome, cutting the sender's pauses between attempts short. */
async function hurry(): Promise<void> {
  const settings = resolveSettings({ endpoint: backend.url, protocol: 'grpc' }, {});
  await vi.waitUntil(
    () => {
      sender.configure(settings);
      return outcomes.length > 0;
    },
    { timeout: 10_000, interval: 5 },
  );
}

it('calls Export of each signal with the headers of gRPC and the user', async () => {
  sender = open({ headers: { 'X-Tenant': 'a', host: 'evil', 'grpc-encoding': 'x', te: 'no' } });
  send('one', 'two');
  await sender.flush();
  const bytes = encode('ExportLogsServiceRequest', {});
  sender.add({ signal: 'logs', bytes, recordCount: 0, heldBytes: 0 });
  sender.add({ signal: 'metrics', bytes, recordCount: 0, heldBytes: 0 });
  await sender.flush();
  expect(backend.spanNames()).toEqual(['one', 'two']);
  expect(backend.calls.map((call) => call.path).toSorted()).toEqual([
    '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
    '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
    '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  ]);
  expect(backend.calls[0]?.headers).toMatchObject({
    'content-type': 'application/grpc',
    te: 'trailers',
    'x-tenant': 'a',
    'grpc-timeout': '10000m',
    'user-agent': expect.stringContaining('OTel-OTLP-Exporter-JavaScript') as string,
  });
  expect(backend.calls[0]?.headers).not.toHaveProperty('grpc-encoding');
  expect(backend.sessions.size).toBe(1);
  expect(outcomes[0]).toMatchObject({ sent: 2, dropped: 0 });
});

it('compresses the message when asked to', async () => {
  sender = open({ compression: 'gzip' });
  send('squeezed');
  await sender.flush();
  expect(backend.calls[0]).toMatchObject({ wasCompressed: true });
  expect(backend.spanNames()).toEqual(['squeezed']);
});

it('sends more than a window at once', async () => {
  send('x'.repeat(1_000_000), 'y'.repeat(900_000));
  await sender.flush();
  expect(backend.spanNames().map((name) => name.length)).toEqual([1_000_000, 900_000]);
});

it('reports partial success', async () => {
  const partialSuccess = { rejectedSpans: 2n, errorMessage: 'two are bad' };
  const message = encode('ExportTraceServiceResponse', { partialSuccess });
  backend.behaviour = (stream) => answerCall(stream, message);
  send('a', 'b', 'c');
  await sender.flush();
  expect(outcomes).toMatchObject([
    { sent: 1, dropped: 2, reason: 'refused', message: 'two are bad' },
  ]);
});

describe('retries exactly as OTLP says', () => {
  it.each([1, 4, 10, 11, 14, 15])('code %i: again, after the RetryInfo’s delay', async (code) => {
    backend.behaviour = (stream) => endCall(stream, code, 20);
    send('again');
    await backend.callsArrived(1);
    backend.behaviour = takeCall;
    await sender.flush();
    expect(backend.calls).toHaveLength(2);
    expect(backend.calls[1]?.message).toEqual(backend.calls[0]?.message);
    expect(outcomes).toMatchObject([{ sent: 1, dropped: 0 }]);
  });

  it.each([2, 3, 5, 6, 7, 8, 9, 12, 13, 16, 99])('code %i: never', async (code) => {
    backend.behaviour = (stream) => endCall(stream, code, undefined, 'na%C3%AFve%0A');
    send('lost');
    await sender.flush();
    expect(backend.calls).toHaveLength(1);
    expect(outcomes).toMatchObject([{ sent: 0, dropped: 1, reason: 'refused' }]);
    expect(outcomes[0]?.message).toContain('naïve');
  });

  it('RESOURCE_EXHAUSTED: only with a RetryInfo', async () => {
    backend.behaviour = (stream) => endCall(stream, 8, 20);
    send('again');
    await backend.callsArrived(1);
    backend.behaviour = takeCall;
    await sender.flush();
    expect(outcomes).toMatchObject([{ sent: 1 }]);
  });

  it('details that cannot be read, or a delay of zero, leave the delay to the sender', async () => {
    backend.behaviour = (stream) => {
      stream.respond(
        { ':status': 200, 'grpc-status': '14', 'grpc-status-details-bin': '!!!!' },
        { endStream: true },
      );
    };
    send('a');
    await backend.callsArrived(1);
    backend.behaviour = (stream) => endCall(stream, 14, 0);
    await vi.waitUntil(
      () => {
        sender.configure(resolveSettings({ endpoint: backend.url, protocol: 'grpc' }, {}));
        return backend.calls.length > 1;
      },
      { interval: 5 },
    );
    backend.behaviour = takeCall;
    await hurry();
    expect(outcomes).toMatchObject([{ sent: 1 }]);
  });
});

describe('calls that end without a status', () => {
  it.each([
    [503, undefined, 'busy'],
    [404, 'UNIMPLEMENTED', 'refused'],
    [401, 'UNAUTHENTICATED', 'refused'],
    [302, 'UNKNOWN', 'refused'],
  ])('HTTP %i', async (status, name, kind) => {
    backend.behaviour = (stream) => {
      stream.respond({ ':status': status, location: 'http://127.0.0.1:1/' });
      stream.end('no gRPC');
    };
    send('a');
    await backend.callsArrived(1);
    if (kind === 'busy') backend.behaviour = takeCall;
    await hurry();
    expect(outcomes[0]?.sent).toBe(kind === 'busy' ? 1 : 0);
    if (name !== undefined) expect(outcomes[0]?.message).toContain(name);
  });

  it.each([
    [0, 1],
    [7, 1],
    [8, 1],
    [2, 0],
    [11, 0],
  ])('a reset with %i', async (code, sent) => {
    backend.behaviour = (stream) => stream.close(code);
    send('a');
    await backend.callsArrived(1);
    backend.behaviour = takeCall;
    await hurry();
    expect(outcomes).toMatchObject([{ sent, dropped: 1 - sent }]);
  });

  it('an answer without trailers', async () => {
    backend.behaviour = (stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
      stream.end(Buffer.alloc(5));
    };
    send('a');
    await sender.flush();
    expect(outcomes[0]?.message).toContain('without a status');
  });

  it('an answer beyond 256 KiB', async () => {
    backend.behaviour = (stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
      stream.end(Buffer.alloc(300 * 1024));
    };
    send('a');
    await sender.flush();
    expect(outcomes[0]?.message).toContain('larger');
  });
});

describe('connections', () => {
  it('connects anew when the backend closed the connection within a call', async () => {
    backend.behaviour = (stream) => stream.session?.destroy();
    send('again');
    await backend.callsArrived(1);
    backend.behaviour = takeCall;
    await vi.waitUntil(() => backend.sessions.size === 0);
    await hurry();
    expect(backend.calls.length).toBe(2);
    expect(outcomes).toMatchObject([{ sent: 1 }]);
  });

  it('calls again at once, without a pause, when an idle connection had gone', async () => {
    send('before');
    await sender.flush();
    sender.close();
    const pauses: number[] = [];
    const settings = resolveSettings({ endpoint: backend.url, protocol: 'grpc' }, {});
    const surroundings = {
      ...realSurroundings(4),
      after: (millis: number): (() => void) => {
        pauses.push(millis);
        return () => undefined;
      },
    };
    sender = new Sender(settings, (outcome) => outcomes.push(outcome), {}, surroundings);
    send('first');
    await sender.flush();
    let isGone = false;
    backend.behaviour = (...call) => {
      if (isGone) {
        takeCall(...call);
        return;
      }
      isGone = true;
      call[0].session?.destroy();
    };
    send('second');
    await sender.flush();
    expect(backend.spanNames()).toEqual(['before', 'first', 'second', 'second']);
    expect(outcomes.map(({ sent }) => sent)).toEqual([1, 1, 1]);
    expect(pauses).toEqual([]);
  });

  it('connects anew after GOAWAY', async () => {
    send('first');
    await sender.flush();
    const [session] = backend.sessions;
    session?.close();
    await vi.waitUntil(() => backend.sessions.size === 0);
    send('second');
    await sender.flush();
    expect(backend.spanNames()).toEqual(['first', 'second']);
  });

  it('gives a call up at its timeout and connects anew when nothing was heard', async () => {
    sender = open({ timeoutMillis: 50 });
    backend.behaviour = () => undefined;
    send('hanging');
    await backend.callsArrived(1);
    const [first] = backend.sessions;
    await vi.waitUntil(() => first?.destroyed);
    backend.behaviour = takeCall;
    await hurry();
    expect(outcomes).toMatchObject([{ sent: 1 }]);
  });

  it('fails for good at the end of the program when nobody answers', async () => {
    await backend.close();
    send('nobody');
    await sender.flush(true);
    expect(outcomes).toMatchObject([{ dropped: 1, reason: 'exit' }]);
    expect(outcomes[0]?.message).toContain('ECONNREFUSED');
    backend = await GrpcBackend.start();
  });

  it('says what may be wrong when the port speaks HTTP/1', async () => {
    const http = await Backend.start();
    sender = open({}, http.url);
    send('wrong port');
    await sender.flush(true);
    expect(outcomes[0]?.message).toContain('OTLP/HTTP');
    await http.close();
  });

  it('speaks TLS with the authority that it was given, and with no other', async () => {
    const { cert, key } = TEST_CERTIFICATE;
    const secure = await GrpcBackend.start({ cert, key });
    sender = open({ tls: { ca: cert } }, secure.url);
    send('trusted');
    await sender.flush();
    expect(secure.spanNames()).toEqual(['trusted']);
    sender.close();
    sender = open({}, secure.url);
    send('not trusted');
    await sender.flush(true);
    expect(outcomes[0]?.message).toMatch(/self.signed/);
    expect(secure.calls).toHaveLength(1);
    await secure.close();
  });

  it('survives garbage', async () => {
    const server = createTcp((socket) => socket.on('error', () => undefined).end('\0\0\0garbage'));
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    sender = open({}, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    send('a');
    await sender.flush(true);
    expect(outcomes).toMatchObject([{ dropped: 1, reason: 'exit' }]);
    server.close();
  });
});

describe('the question whether the backend wants running spans', () => {
  const ask = (): Promise<boolean | undefined> =>
    asksForLiveSpans(
      resolveSettings({ endpoint: backend.url, protocol: 'grpc' }, {}).destinations.traces!,
    );

  it('is one empty export, answered in the initial metadata', async () => {
    expect(await ask()).toBe(false);
    backend.behaviour = (stream) => {
      stream.respond({ ':status': 200, 'codomyrmex-live-spans': '1', 'grpc-status': '0' });
      stream.end();
    };
    expect(await ask()).toBe(true);
    expect(backend.calls.map((call) => call.message.length)).toEqual([0, 0]);
    await vi.waitUntil(() => backend.sessions.size === 0);
  });

  it('stays open when nobody answers', async () => {
    backend.behaviour = (stream) => stream.session?.destroy();
    expect(await ask()).toBeUndefined();
  });
});

describe('where it goes', () => {
  const url = (environment: Record<string, string>): string | undefined =>
    resolveSettings({}, environment).destinations.traces?.url;
  const path = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

  it('port 4317 by default, for one signal or for all', () => {
    expect(url({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })).toBe(`http://localhost:4317${path}`);
    const mixed = { OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'grpc' };
    expect(url(mixed)).toBe(`http://localhost:4317${path}`);
    const { logs } = resolveSettings({}, mixed).destinations;
    expect(logs).toMatchObject({ protocol: 'http/protobuf', url: 'http://localhost:4318/v1/logs' });
  });

  it('endpoints with and without scheme', () => {
    const grpc = { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' };
    const named = { ...grpc, OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317' };
    expect(url(named)).toBe(`https://collector:4317${path}`);
    const insecure = { ...named, OTEL_EXPORTER_OTLP_INSECURE: 'true' };
    expect(url(insecure)).toBe(`http://collector:4317${path}`);
    const own = {
      ...insecure,
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'other:4317',
      OTEL_EXPORTER_OTLP_TRACES_INSECURE: 'false',
    };
    expect(url(own)).toBe(`https://other:4317${path}`);
    const full = { ...grpc, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://h:1/ignored' };
    expect(url(full)).toBe(`http://h:1${path}`);
  });
});
