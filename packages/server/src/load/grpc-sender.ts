import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';

import type { Answer, Sender } from './sender.js';

const PREFIX_SIZE = 5;

/** One HTTP/2 connection that makes unary calls one after another. */
export class GrpcSender implements Sender {
  readonly #session: ClientHttp2Session;
  readonly #headers: { readonly [name: string]: string };

  private constructor(session: ClientHttp2Session, path: string, token: string | undefined) {
    this.#session = session;
    this.#headers = {
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
  }

  /** `path` is `/package.Service/Method`. Rejects when nothing listens there. */
  static async open(url: URL, path: string, token: string | undefined): Promise<GrpcSender> {
    const session = connect(url.origin);
    await once(session, 'connect');
    return new GrpcSender(session, path, token);
  }

  send(body: Buffer): Promise<Answer> {
    const stream = this.#session.request(this.#headers);
    const prefix = Buffer.alloc(PREFIX_SIZE);
    prefix.writeUInt32BE(body.length, 1);
    stream.write(prefix);
    stream.end(body);
    return new Promise((resolve, reject) => {
      let code: string | undefined;
      let message = '';
      const see = (headers: { readonly [name: string]: unknown }): void => {
        if (headers['grpc-status'] === undefined) return;
        code = String(headers['grpc-status']);
        message = decodeURIComponent(String(headers['grpc-message'] ?? ''));
      };
      stream.on('trailers', see);
      stream.on('response', see);
      stream.on('error', reject);
      stream.on('close', () => {
        resolve({ refusal: code === '0' ? undefined : `${code ?? 'no status'} ${message}` });
      });
      stream.resume();
    });
  }

  close(): void {
    this.#session.close();
  }
}
