import type { IncomingMessage, RequestOptions } from 'node:http';

import { readText } from '../common/environment.js';
import { untraced } from '../export/suppress.js';
import type { Telemetry } from '../export/telemetry.js';
import { ANSWER_BYTES } from './limits.js';

/** Why a request to the backend's API did not do what it should. */
export class BackendError extends Error {
  /** HTTP status; undefined when there was no answer. */
  readonly status: number | undefined;

  constructor(message: string, status: number | undefined, cause?: unknown) {
    super(message, { cause });
    this.name = 'BackendError';
    this.status = status;
  }
}

/** A request to the backend's API; JSON both ways. */
export interface BackendRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Below /api/v1, with a leading slash. */
  readonly path: string;
  readonly body?: unknown;
  /** From the start of the request to the end of its answer. */
  readonly timeoutMillis: number;
  /** Whether a request under way keeps the program alive. */
  readonly keepsAlive: boolean;
}

/**
 * Where the backend's API is: CODOMYRMEX_TELEMETRY_DASHBOARD_URL, else the endpoint that telemetry
 * goes to, for every HTTP port of the backend serves both.
 */
export function dashboardUrl(telemetry: Telemetry): string {
  const named = readText(telemetry.environment, 'CODOMYRMEX_TELEMETRY_DASHBOARD_URL');
  const base = named !== undefined && URL.canParse(named) ? named : telemetry.settings.endpoint;
  return base.replace(/\/+$/, '');
}

/**
 * Asks the backend's API, untraced, without following redirects. Rejects with BackendError when
 * there is no answer in time, or one that is not 2xx.
 */
export function askBackend(telemetry: Telemetry, asked: BackendRequest): Promise<unknown> {
  return untraced(() => sendRequest(telemetry, asked));
}

async function sendRequest(telemetry: Telemetry, asked: BackendRequest): Promise<unknown> {
  const url = new URL(`${dashboardUrl(telemetry)}/api/v1${asked.path}`);
  const body = asked.body === undefined ? undefined : JSON.stringify(asked.body);
  const options: RequestOptions = {
    method: asked.method,
    headers: {
      accept: 'application/json',
      ...headersFor(telemetry, url),
      ...(body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    },
    agent: false,
    signal: AbortSignal.timeout(asked.timeoutMillis),
  };
  // Loaded when first needed: most programs ask for nothing.
  const isSecure = url.protocol === 'https:';
  const { request: send } = isSecure ? await import('node:https') : await import('node:http');
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      const reason = error instanceof Error ? error.message : String(error);
      reject(new BackendError(`no answer from ${url.origin}: ${reason}`, undefined, error));
    };
    const request = send(url, options, (response) => {
      readAnswer(response).then(resolve, (error: unknown) => {
        if (error instanceof BackendError) reject(error);
        else fail(error);
      });
    });
    request.on('error', fail);
    if (!asked.keepsAlive) request.on('socket', (socket) => socket.unref());
    request.end(body);
  });
}

/** A token for OTLP is the API's token too; it only goes to where telemetry goes anyway. */
function headersFor(telemetry: Telemetry, url: URL): Readonly<Record<string, string>> {
  const destination = telemetry.settings.destinations.traces;
  if (destination === undefined || new URL(destination.url).origin !== url.origin) return {};
  return destination.headers;
}

async function readAnswer(response: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > ANSWER_BYTES) throw new BackendError('the answer is too large', response.statusCode);
    parts.push(part);
  }
  const text = Buffer.concat(parts).toString('utf8');
  const status = response.statusCode ?? 0;
  if (status < 200 || status > 299) {
    throw new BackendError(messageOf(text) ?? `status ${status}`, status);
  }
  return parseJson(text);
}

/** The message of an ErrorAnswer; undefined when it is none. */
function messageOf(text: string): string | undefined {
  const answer = parseJson(text) as { error?: { message?: unknown } } | undefined;
  const message = answer?.error?.message;
  return typeof message === 'string' ? message : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Not JSON: an empty 204, or not our backend.
    return undefined;
  }
}
