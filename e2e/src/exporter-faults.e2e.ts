import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encode } from '@codomyrmex/otlp';
import type { TelemetryOptions } from '@codomyrmex/telemetry';
import { afterAll, describe, expect, it } from 'vitest';

import { temporaryFolder } from './backend.js';
import { ELSEWHERE, EXPIRED, HERE } from './fixtures/certificates.js';
import {
  answerGrpc,
  failGrpc,
  FaultBackend,
  type FaultTls,
  type GrpcFault,
  type HttpFault,
  takeGrpc,
  takeHttp,
} from './fault-backend.js';

const PROGRAM = fileURLToPath(new URL('./fixtures/recording-program.js', import.meta.url));
const MIB = 2 ** 20;
const SPANS = 400;

interface Said {
  readonly recorded: number;
  readonly sent: number;
  readonly dropped: number;
  readonly droppedBy: Readonly<Record<string, number>>;
  readonly growthBytes: number;
  readonly slowestMillis: number;
  readonly endMillis: number;
}

interface Ran extends Said {
  readonly code: number | null;
  readonly millis: number;
  readonly complaints: readonly string[];
}

/** A program of its own against the endpoint; it must end by itself. */
function run(
  options: TelemetryOptions,
  task: { spans?: number; millis?: number; end?: string } = {},
  environment: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const argument = JSON.stringify({ options, spans: SPANS, millis: 400, end: 'shutdown', ...task });
  const child = spawn(process.execPath, [PROGRAM, argument], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let output = '';
  let complaints = '';
  let saidMillis = 0;
  child.stdout.on('data', (piece: Buffer) => {
    output += piece.toString();
    saidMillis = performance.now();
  });
  child.stderr.on('data', (piece: Buffer) => (complaints += piece.toString()));
  return new Promise((resolve, reject) => {
    child.on('close', (code) => {
      const lines = complaints.split('\n').filter((line) => line !== '');
      if (output === '') {
        reject(new Error(`the program said nothing: ${complaints}`));
        return;
      }
      const millis = performance.now() - saidMillis;
      resolve({ ...(JSON.parse(output) as Said), code, millis, complaints: lines });
    });
  });
}

/** What holds in every scenario: nothing uncounted, no harm to the program, one line at most. */
function expectHarmless(ran: Ran): void {
  expect(ran.code).toBe(0);
  expect(ran.recorded).toBe(SPANS);
  expect(ran.sent + ran.dropped).toBe(ran.recorded);
  expect(Object.values(ran.droppedBy).reduce((sum, count) => sum + count, 0)).toBe(ran.dropped);
  expect(ran.growthBytes).toBeLessThan(30 * MIB);
  expect(ran.endMillis).toBeLessThan(5_000);
  expect(ran.complaints.length).toBeLessThanOrEqual(1);
}

function timesTaken(backend: FaultBackend): number[] {
  return [...new Set(backend.taken.values())];
}

const OPTIONS = { timeoutMillis: 3_000 } as const;
/** For backends that never answer: several attempts fit before the end. */
const IMPATIENT = { timeoutMillis: 800 } as const;
const GRPC = { ...OPTIONS, protocol: 'grpc' } as const;

/** `fault` for the first requests, then a healthy backend. */
function first<Fault extends HttpFault | GrpcFault>(
  count: number,
  fault: Fault,
  healthy: Fault,
): () => Fault {
  let seen = 0;
  return () => (seen++ < count ? fault : healthy);
}

const status =
  (code: number, headers: Record<string, string> = {}): HttpFault =>
  (response) => {
    response.writeHead(code, headers).end('no');
  };

describe.concurrent('over HTTP', () => {
  it.each<[string, HttpFault]>([
    ['a healthy backend', takeHttp],
    [
      'an answer of a wrong type',
      (response, request) => {
        request.take();
        response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>It works!</h1>');
      },
    ],
    [
      'garbage as the answer',
      (response, request) => {
        request.take();
        response.writeHead(200, { 'content-type': 'application/json' }).end('\0{"partialSuccess":');
      },
    ],
    [
      'an answer of 100 MiB',
      (response, request) => {
        request.take();
        response.writeHead(200, { 'content-length': String(100 * MIB) });
        const more = (left: number): void => {
          if (left > 0 && !response.destroyed) {
            response.write(Buffer.alloc(MIB), () => more(left - 1));
          }
        };
        more(100);
      },
    ],
  ])('%s: all sent, once', async (_what, fault) => {
    const backend = await FaultBackend.http(() => fault);
    const ran = await run({ ...OPTIONS, endpoint: backend.url });
    expectHarmless(ran);
    expect(ran).toMatchObject({ sent: SPANS, complaints: [] });
    expect(backend.taken.size).toBe(SPANS);
    expect(timesTaken(backend)).toEqual([1]);
    await backend.close();
  });

  it.each([400, 401, 403, 404, 408, 413, 415, 500, 501])(
    'status %i: refused, never tried again',
    async (code) => {
      const backend = await FaultBackend.http(() => status(code, { 'retry-after': '0' }));
      const ran = await run({ ...OPTIONS, endpoint: backend.url });
      expectHarmless(ran);
      expect(ran).toMatchObject({ sent: 0, droppedBy: { refused: SPANS } });
      const bodies = new Set(backend.requests.map(({ body }) => body.toString('latin1')));
      expect(bodies.size).toBe(backend.requests.length);
      await backend.close();
    },
  );

  it.each<[string, HttpFault]>([
    ['429', status(429, { 'retry-after': '0' })],
    ['502', status(502)],
    ['503, Retry-After of 1 s', status(503, { 'retry-after': '1' })],
    ['503, Retry-After that cannot be read', status(503, { 'retry-after': 'soon; -1' })],
    ['504', status(504)],
    ['a reset', (response) => response.socket?.resetAndDestroy()],
    [
      'a closed connection within the answer',
      (response) => {
        response
          .writeHead(200, { 'content-length': '10' })
          .write('12345', () => response.destroy());
      },
    ],
  ])('%s once: the same bytes again, all sent', async (_what, fault) => {
    const backend = await FaultBackend.http(first(1, fault, takeHttp));
    const ran = await run({ ...OPTIONS, endpoint: backend.url });
    expectHarmless(ran);
    expect(ran.sent).toBe(SPANS);
    expect(timesTaken(backend)).toEqual([1]);
    const [failed, ...rest] = backend.requests;
    expect(rest.some(({ body }) => failed !== undefined && body.equals(failed.body))).toBe(true);
    await backend.close();
  });

  it('Retry-After is kept', async () => {
    const backend = await FaultBackend.http(
      first(1, status(503, { 'retry-after': '2' }), takeHttp),
    );
    const ran = await run({ ...OPTIONS, endpoint: backend.url }, { millis: 3_000 });
    expectHarmless(ran);
    const [failed, ...rest] = backend.requests;
    const again = rest.find(({ body }) => failed !== undefined && body.equals(failed.body));
    expect((again?.millis ?? 0) - (failed?.millis ?? 0)).toBeGreaterThan(1_990);
    await backend.close();
  });

  it('partial success: what was rejected is counted', async () => {
    const partialSuccess = { rejectedSpans: 1n, errorMessage: 'one is bad' };
    const body = encode('ExportTraceServiceResponse', { partialSuccess });
    const backend = await FaultBackend.http(() => (response, request) => {
      request.take(1);
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end(body);
    });
    const ran = await run({ ...OPTIONS, endpoint: backend.url });
    expectHarmless(ran);
    expect(ran.dropped).toBe(backend.requests.length);
    expect(ran.sent).toBe(backend.taken.size);
    expect(ran.complaints.join()).toContain('one is bad');
    await backend.close();
  });

  it('partial success in JSON: what was rejected is counted', async () => {
    const body = JSON.stringify({ partialSuccess: { rejectedSpans: '2', errorMessage: 'two' } });
    const backend = await FaultBackend.http(() => (response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(body);
    });
    const ran = await run({ ...OPTIONS, protocol: 'http/json', endpoint: backend.url });
    expectHarmless(ran);
    expect(ran.droppedBy['refused']).toBeGreaterThanOrEqual(2);
    expect(ran.complaints.join()).toContain('two');
    await backend.close();
  });

  it('redirects of every kind: never followed', async () => {
    const elsewhere = await FaultBackend.http(() => takeHttp);
    const location = `${elsewhere.url}/v1/traces`;
    const codes = [301, 302, 303, 307, 308];
    let seen = 0;
    const next = (): HttpFault => status(codes[seen++ % codes.length] ?? 307, { location });
    const backend = await FaultBackend.http(next);
    const ran = await run({ ...OPTIONS, endpoint: backend.url });
    expectHarmless(ran);
    expect(ran).toMatchObject({ sent: 0, droppedBy: { refused: SPANS } });
    expect(seen).toBeGreaterThanOrEqual(codes.length);
    expect(elsewhere.requests).toEqual([]);
    await backend.close();
    await elsewhere.close();
  });

  it.each<[string, HttpFault]>([
    ['503 for ever', status(503)],
    ['429 with an hour of Retry-After', status(429, { 'retry-after': '3600' })],
    ['no answer', () => undefined],
    [
      'an answer that drips',
      (response) => {
        response.writeHead(200, { 'content-length': '1000' });
        const timer = setInterval(() => response.write('.'), 50);
        response.on('close', () => clearInterval(timer));
      },
    ],
    [
      'headers that drip',
      (response) => {
        const text = 'HTTP/1.1 200 OK\r\nx-slow: ';
        response.socket?.write(text);
        const timer = setInterval(() => response.socket?.write('.'), 50);
        response.socket?.on('close', () => clearInterval(timer));
      },
    ],
    ['resets for ever', (response) => response.socket?.resetAndDestroy()],
  ])('%s: all dropped, counted, in time', async (_what, fault) => {
    const backend = await FaultBackend.http(() => fault);
    const ran = await run({ ...IMPATIENT, endpoint: backend.url });
    expectHarmless(ran);
    expect(ran.sent).toBe(0);
    await backend.close();
  });
});

describe.concurrent('over gRPC', () => {
  it('a healthy backend: all sent, once', async () => {
    const backend = await FaultBackend.grpc(() => takeGrpc);
    const ran = await run({ ...GRPC, endpoint: backend.url });
    expectHarmless(ran);
    expect(ran.sent).toBe(SPANS);
    expect(timesTaken(backend)).toEqual([1]);
    await backend.close();
  });

  it.each([3, 5, 7, 8, 12, 13, 16])('code %i: refused, never tried again', async (code) => {
    const backend = await FaultBackend.grpc(() => (stream) => failGrpc(stream, code));
    const ran = await run({ ...GRPC, endpoint: backend.url });
    expectHarmless(ran);
    expect(ran).toMatchObject({ sent: 0, droppedBy: { refused: SPANS } });
    const bodies = new Set(backend.requests.map(({ body }) => body.toString('latin1')));
    expect(bodies.size).toBe(backend.requests.length);
    await backend.close();
  });

  it('UNKNOWN, ALREADY_EXISTS, FAILED_PRECONDITION, UNIMPLEMENTED: refused', async () => {
    const codes = [2, 6, 9, 12];
    let seen = 0;
    const next = (): GrpcFault => (stream) => failGrpc(stream, codes[seen++ % 4] ?? 2, 100);
    const backend = await FaultBackend.grpc(next);
    const ran = await run({ ...GRPC, endpoint: backend.url });
    expectHarmless(ran);
    expect(ran).toMatchObject({ sent: 0, droppedBy: { refused: SPANS } });
    expect(new Set(backend.requests.map(({ body }) => body.toString('latin1'))).size).toBe(seen);
    expect(seen).toBeGreaterThanOrEqual(codes.length);
    await backend.close();
  });

  it('CANCELLED, DEADLINE_EXCEEDED, OUT_OF_RANGE, DATA_LOSS in turn: sent again', async () => {
    const codes = [1, 4, 11, 15];
    let seen = 0;
    const next = (): GrpcFault => {
      const code = codes[seen++];
      return code === undefined ? takeGrpc : (stream) => failGrpc(stream, code, 100);
    };
    const backend = await FaultBackend.grpc(next);
    const ran = await run({ ...GRPC, endpoint: backend.url });
    expectHarmless(ran);
    expect(ran.sent).toBe(SPANS);
    expect(timesTaken(backend)).toEqual([1]);
    await backend.close();
  });

  it('partial success: what was rejected is counted', async () => {
    const partialSuccess = { rejectedSpans: 1n, errorMessage: 'one is bad' };
    const message = encode('ExportTraceServiceResponse', { partialSuccess });
    const backend = await FaultBackend.grpc(() => (stream, request) => {
      request.take(1);
      answerGrpc(stream, message);
    });
    const ran = await run({ ...GRPC, endpoint: backend.url });
    expectHarmless(ran);
    expect(ran.dropped).toBe(backend.requests.length);
    expect(ran.sent).toBe(backend.taken.size);
    await backend.close();
  });

  it('garbage and a wrong type with status OK: sent, for the backend said so', async () => {
    const backend = await FaultBackend.grpc(() => (stream, request) => {
      request.take();
      answerGrpc(stream, Buffer.from('\xff\xff<h1>It works!</h1>', 'latin1'));
    });
    const ran = await run({ ...GRPC, endpoint: backend.url });
    expectHarmless(ran);
    expect(ran.sent).toBe(SPANS);
    await backend.close();
  });

  it.each([
    [401, 'refused'],
    [307, 'refused'],
    [404, 'refused'],
  ])('HTTP status %i of what is no gRPC: %s', async (code, reason) => {
    const backend = await FaultBackend.grpc(() => (stream) => {
      stream.respond({ ':status': code, location: 'http://127.0.0.1:9/', 'retry-after': '0' });
      stream.end('<h1>no</h1>');
    });
    const ran = await run({ ...GRPC, endpoint: backend.url });
    expectHarmless(ran);
    expect(ran).toMatchObject({ sent: 0, droppedBy: { [reason]: SPANS } });
    await backend.close();
  });

  it.each<[string, GrpcFault]>([
    ['HTTP status 503', (stream) => stream.respond({ ':status': 503 }, { endStream: true })],
    ['GOAWAY', (stream) => stream.session?.goaway(0, 0)],
    ['UNAVAILABLE', (stream) => failGrpc(stream, 14)],
    ['UNAVAILABLE with RetryInfo', (stream) => failGrpc(stream, 14, 300)],
    ['RESOURCE_EXHAUSTED with RetryInfo', (stream) => failGrpc(stream, 8, 300)],
    ['ABORTED', (stream) => failGrpc(stream, 10)],
    ['a refused stream', (stream) => stream.close(7)],
    ['a lost connection', (stream) => stream.session?.destroy()],
  ])('%s once: the same bytes again, all sent', async (_what, fault) => {
    const backend = await FaultBackend.grpc(first(1, fault, takeGrpc));
    const ran = await run({ ...GRPC, endpoint: backend.url });
    expectHarmless(ran);
    expect(ran.sent).toBe(SPANS);
    expect(timesTaken(backend)).toEqual([1]);
    await backend.close();
  });

  it('an answer of 100 MiB: cut, counted', async () => {
    const backend = await FaultBackend.grpc(() => (stream) => {
      answerGrpc(stream, Buffer.alloc(100 * MIB));
    });
    const ran = await run({ ...GRPC, endpoint: backend.url });
    expectHarmless(ran);
    expect(ran.droppedBy).toEqual({ refused: SPANS });
    await backend.close();
  });

  it.each<[string, GrpcFault]>([
    ['UNAVAILABLE for ever', (stream) => failGrpc(stream, 14)],
    ['no answer', () => undefined],
    ['an answer without end', (stream) => stream.respond({ ':status': 200 })],
    [
      'an answer that drips',
      (stream) => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
        const timer = setInterval(() => stream.write('.'), 50);
        stream.on('close', () => clearInterval(timer));
      },
    ],
  ])('%s: all dropped, counted, in time', async (_what, fault) => {
    const backend = await FaultBackend.grpc(() => fault);
    const ran = await run({ ...GRPC, ...IMPATIENT, endpoint: backend.url });
    expectHarmless(ran);
    expect(ran.sent).toBe(0);
    await backend.close();
  });
});

describe.concurrent.each(['http/protobuf', 'http/json', 'grpc'] as const)(
  '%s to what is no backend',
  (protocol) => {
    const options = { ...IMPATIENT, protocol };

    it('nobody listens: dropped, counted, in time', async () => {
      const gone = await FaultBackend.tcp(() => undefined);
      await gone.close();
      const ran = await run({ ...options, endpoint: gone.url });
      expectHarmless(ran);
      expect(ran.droppedBy).toEqual({ exit: SPANS });
      expect(ran.endMillis).toBeLessThan(2_000);
    });

    it('a listener that never answers, one that sends garbage, one that hangs up', async () => {
      const faults = [
        (): void => undefined,
        (socket: { write: (text: string) => unknown }): unknown =>
          socket.write('\0\r\n'.repeat(99)),
        (socket: { destroy: () => unknown }): unknown => socket.destroy(),
      ];
      for (const fault of faults) {
        const backend = await FaultBackend.tcp(fault);
        const ran = await run({ ...options, endpoint: backend.url });
        expectHarmless(ran);
        expect(ran.sent).toBe(0);
        await backend.close();
      }
    });

    it('TLS to a port without it', async () => {
      const backend = await FaultBackend.http(() => takeHttp);
      const ran = await run({ ...options, endpoint: backend.url.replace('http:', 'https:') });
      expectHarmless(ran);
      expect(ran.sent).toBe(0);
      await backend.close();
    });
  },
);

describe.concurrent.each(['http/protobuf', 'grpc'] as const)('%s with TLS', (protocol) => {
  const folder = temporaryFolder();
  afterAll(() => folder.remove());
  const options = { ...IMPATIENT, protocol };
  const start = (tls: FaultTls): Promise<FaultBackend> =>
    protocol === 'grpc'
      ? FaultBackend.grpc(() => takeGrpc, tls)
      : FaultBackend.http(() => takeHttp, 0, tls);
  const file = (name: string, text: string): string => {
    const path = join(folder.path, name);
    writeFileSync(path, text);
    return path;
  };

  it('an authority, a client certificate and its key from the environment: all sent', async () => {
    const backend = await start({ ...HERE, ca: HERE.cert, requestCert: true });
    const environment = {
      OTEL_EXPORTER_OTLP_CERTIFICATE: file('ca.pem', HERE.cert),
      OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: file('client.pem', HERE.cert),
      OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY: file('client.key', HERE.key),
    };
    const ran = await run({ ...options, endpoint: backend.url }, {}, environment);
    expectHarmless(ran);
    expect(ran).toMatchObject({ sent: SPANS, complaints: [] });
    await backend.close();
  });

  it.each<[string, FaultTls, TelemetryOptions['tls']]>([
    ['a certificate that nobody trusts', HERE, undefined],
    ['a certificate of another host', ELSEWHERE, { ca: ELSEWHERE.cert }],
    ['a certificate that has ended', EXPIRED, { ca: EXPIRED.cert }],
    [
      'a backend that wants a certificate of us',
      { ...HERE, ca: HERE.cert, requestCert: true },
      { ca: HERE.cert },
    ],
  ])('%s: dropped, counted, never sent', async (_what, theirs, ours) => {
    const backend = await start(theirs);
    const tls = ours === undefined ? {} : { tls: ours };
    const ran = await run({ ...options, ...tls, endpoint: backend.url });
    expectHarmless(ran);
    expect(ran).toMatchObject({ sent: 0, droppedBy: { exit: SPANS } });
    expect(backend.requests).toEqual([]);
    await backend.close();
  });
});

describe('a dead backend', () => {
  it.each(['natural', 'exit'])('does not hold a program at its %s end', async (end) => {
    const backend = await FaultBackend.http(() => () => undefined);
    const ran = await run({ endpoint: backend.url }, { end });
    expect(ran.code).toBe(end === 'exit' ? 7 : 0);
    expect(ran.millis).toBeLessThan(5_000);
    await backend.close();
  });

  it('costs at most 30 MB more than a healthy one when a program records all it can', async () => {
    const flood = { spans: 200_000, millis: 4_000 };
    const healthy = await FaultBackend.http(() => (response) => void response.end());
    const usual = await run({ endpoint: healthy.url }, flood);
    await healthy.close();
    const dead = await FaultBackend.http(() => () => undefined);
    const ran = await run({ endpoint: dead.url }, flood);
    await dead.close();
    expect(ran.sent + ran.dropped).toBe(flood.spans);
    expect(ran.droppedBy['queue full']).toBeGreaterThan(0);
    expect(ran.growthBytes - usual.growthBytes).toBeLessThan(30 * MIB);
    expect(ran.slowestMillis).toBeLessThan(250);
  });
});
