/** What a load is made of. */
export type LoadSignal = 'traces' | 'logs' | 'metrics';
export type LoadProtocol = 'http/protobuf' | 'http/json' | 'grpc';

export interface LoadOptions {
  /** Where it goes: OTLP/HTTP, or for `grpc` OTLP/gRPC; `http://` only. */
  readonly url: string;
  readonly protocol: LoadProtocol;
  /** Connections take turns among them. */
  readonly signals: readonly LoadSignal[];
  /** Spans, log records or points in a request. */
  readonly recordsPerRequest: number;
  /** Each has one request under way at a time. */
  readonly connections: number;
  readonly durationMillis: number;
  /** Records a second, all connections together; undefined: as fast as answers come. */
  readonly rate: number | undefined;
  /** Sent as a bearer. */
  readonly token: string | undefined;
}

/** What came of a load. */
export interface LoadResult {
  /** Records in requests that were answered with success. */
  readonly acknowledged: { readonly [signal in LoadSignal]: number };
  readonly requests: number;
  /** Requests that were answered otherwise, and the last such answer. */
  readonly refused: number;
  readonly lastRefusal: string | undefined;
  readonly seconds: number;
  readonly recordsPerSecond: number;
  readonly requestsPerSecond: number;
  /** From when a request was due to its answer. */
  readonly answerMillis: { readonly p50: number; readonly p99: number; readonly max: number };
  /** CPU of this process meanwhile: the generator shares the machine with what it measures. */
  readonly generatorCpuSeconds: number;
}
