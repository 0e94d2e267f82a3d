import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/**
 * One keep-alive connection that posts bodies one after another. Less than an HTTP client, so that
 * the generator leaves the cores to the server: heads are constant but for the length, and of an
 * answer only the status and the length are read.
 */
export class PostConnection {
  readonly #socket: Socket;
  readonly #path: string;
  #answer = '';
  #onAnswer: ((status: number) => void) | undefined;
  #onError: ((error: Error) => void) | undefined;

  private constructor(socket: Socket, path: string) {
    this.#socket = socket;
    this.#path = path;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk.toString('latin1')));
    socket.on('error', (error) => this.#onError?.(error));
    socket.on('close', () => this.#onError?.(new Error('the server closed the connection')));
  }

  static async open(url: string, path: string): Promise<PostConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    return new PostConnection(socket, path);
  }

  /** Resolves with the status once the answer is complete; the body may then be reused. */
  post(body: Buffer): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#onAnswer = resolve;
      this.#onError = reject;
      this.#socket.write(
        `POST ${this.#path} HTTP/1.1\r\nhost: localhost\r\n` +
          `content-type: application/x-protobuf\r\ncontent-length: ${body.length}\r\n\r\n`,
      );
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
    this.#answer = '';
    this.#onAnswer?.(status);
  }
}
