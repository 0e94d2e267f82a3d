import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

import type { Auth } from './auth.js';
import { FAULTS, type FaultCode } from './faults.js';
import type { OtlpHttp } from './http.js';
import { isHostAllowed, type OriginRules } from './origin.js';

export interface DoorOptions {
  readonly otlp: OtlpHttp;
  readonly rules: OriginRules;
  readonly auth: Auth | undefined;
  /** The API and the page. */
  api(request: IncomingMessage, response: ServerResponse): void;
  /** The live connection. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** What every HTTP port does with what comes: who may enter, then OTLP, else the API. */
export class Door {
  readonly #options: DoorOptions;

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  request(request: IncomingMessage, response: ServerResponse): void {
    const { auth, otlp } = this.#options;
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    const refusal = this.#refusal(request, path);
    if (refusal !== undefined) {
      if (refusal[0] === 'unauthorized' && auth?.answerLogin(request, response) === true) return;
      refuse(request, response, ...refusal);
    } else if (otlp.owns(path)) {
      void otlp.handle(request, response, path);
    } else {
      this.#options.api(request, response);
    }
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refusal = this.#refusal(request, '');
    if (refusal === undefined) {
      this.#options.upgrade(request, socket, head);
      return;
    }
    const status = FAULTS[refusal[0]].http;
    // A client that resets instead of reading: without a listener that error ends the process.
    socket.on('error', () => socket.destroy());
    const answer = `HTTP/1.1 ${status} Refused\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`;
    // Not end() alone: a client that keeps its half open would keep the socket for ever.
    socket.end(answer, () => socket.destroy());
  }

  #refusal(request: IncomingMessage, path: string): readonly [FaultCode, string] | undefined {
    const { auth, rules } = this.#options;
    if (!isHostAllowed(request.headers.host, rules)) {
      return ['forbidden', 'the Host header does not name this server'];
    }
    // A browser asks before it may send a token: the question itself carries none.
    const isOpen = path === '/health' || request.method === 'OPTIONS';
    if (auth === undefined || isOpen || auth.isAllowed(request)) return undefined;
    return ['unauthorized', 'send the token: Authorization: Bearer TOKEN'];
  }
}

function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  code: FaultCode,
  message: string,
): void {
  const body = JSON.stringify({ error: { code, message } });
  if (!request.complete) response.setHeader('connection', 'close');
  if (code === 'unauthorized') response.setHeader('www-authenticate', 'Bearer');
  response.writeHead(FAULTS[code].http, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}
