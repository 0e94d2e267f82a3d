import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import type { Answer, Sender } from './sender.js';

/** What a sender's requests have in common. */
export interface HttpTarget {
  readonly url: URL;
  readonly path: string;
  readonly contentType: string;
  readonly token: string | undefined;
}

/**
 * One keep-alive connection that posts bodies one after another. Less than an HTTP client, so that
 * the generator leaves the cores to the server: heads are constant but for the length, and of an
 * answer only the status, the length and the text of a refusal are read.
 */
export class HttpSender implements Sender {
  readonly #socket: Socket;
  readonly #head: string;
  #answer = '';
  #onAnswer: ((answer: Answer) => void) | undefined;
  #onError: ((error: Error) => void) | undefined;

  private constructor(socket: Socket, target: HttpTarget) {
    this.#socket = socket;
    const token = target.token === undefined ? '' : `authorization: Bearer ${target.token}\r\n`;
    this.#head =
      `POST ${target.path} HTTP/1.1\r\nhost: ${target.url.host}\r\n${token}` +
      `content-type: ${target.contentType}\r\ncontent-length: `;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk.toString('latin1')));
    socket.on('error', (error) => this.#onError?.(error));
    socket.on('close', () => this.#onError?.(new Error('the server closed the connection')));
  }

  /** Rejects when nothing listens there. */
  static async open(target: HttpTarget): Promise<HttpSender> {
    const { hostname, port } = target.url;
    const socket = connect(Number(port === '' ? 80 : port), hostname.replace(/^\[|\]$/g, ''));
    await once(socket, 'connect');
    return new HttpSender(socket, target);
  }

  send(body: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#onAnswer = resolve;
      this.#onError = reject;
      this.#socket.write(`${this.#head}${body.length}\r\n\r\n`);
      this.#socket.write(body);
    });
  }

  close(): void {
    this.#onError = undefined;
    this.#socket.destroy();
  }

  #read(chunk: string): void {
    this.#answer += chunk;
    const head = this.#answer.indexOf('\r\n\r\n');
    if (head === -1) return;
    const length = Number(/content-length: (\d+)/i.exec(this.#answer)?.[1] ?? 0);
    if (this.#answer.length < head + 4 + length) return;
    const status = Number(this.#answer.slice(9, 12));
    const refusal = status === 200 ? undefined : `${status} ${this.#answer.slice(head + 4)}`;
    this.#answer = '';
    this.#onAnswer?.({ refusal });
  }
}
