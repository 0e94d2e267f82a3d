/** Where this server listens, as people write it; `otlpGrpc` is empty when it is off. */
export interface Addresses {
  readonly page: string;
  readonly otlpHttp: string;
  readonly otlpGrpc: string;
}

/** One thing to do. */
export interface Step {
  readonly title: string;
  readonly note: string;
  readonly code: string;
}

/** One way to send telemetry. */
export interface Way {
  readonly name: string;
  readonly steps: readonly Step[];
}

const DEFAULT_HTTP = /:4318$/;

const REGISTER = 'node --import @codomyrmex/telemetry/register app.js';
const WRAP = `import { withSpan } from '@codomyrmex/telemetry';

await withSpan('checkout', () => placeOrder(cart));`;

/** What to copy, with this server's own addresses filled in. */
export function waysToSend(to: Addresses): Way[] {
  const byDefault = DEFAULT_HTTP.test(to.otlpHttp);
  const port = to.otlpHttp.replace(/^https?:\/\//, '');
  const prefix = byDefault ? '' : `OTEL_EXPORTER_OTLP_ENDPOINT=${to.otlpHttp} `;
  const note = byDefault ? `no configuration, it already points at ${port}` : 'with this address';
  const install: Step = { title: 'Install', note: '', code: 'npm install @codomyrmex/telemetry' };
  const grpc: Step[] =
    to.otlpGrpc === ''
      ? []
      : [
          {
            title: 'Or over gRPC',
            note: '',
            code: [
              `OTEL_EXPORTER_OTLP_ENDPOINT=http://${to.otlpGrpc}`,
              'OTEL_EXPORTER_OTLP_PROTOCOL=grpc',
            ].join('\n'),
          },
        ];
  return [
    {
      name: 'One line in code',
      steps: [
        install,
        {
          title: 'Wrap one function',
          note: '',
          code: WRAP,
        },
        { title: 'Run it as usual', note, code: `${prefix}node app.js` },
      ],
    },
    {
      name: '--import flag',
      steps: [
        install,
        {
          title: 'Start with the flag',
          note: 'no change in your code',
          code: `${prefix}OTEL_SERVICE_NAME=gateway \\
${REGISTER}`,
        },
        { title: 'Send one request', note: '', code: 'curl http://localhost:3000/' },
      ],
    },
    {
      name: 'Any OTLP sender',
      steps: [
        {
          title: 'Point any OpenTelemetry SDK or Collector here',
          note: '',
          code: [
            `OTEL_EXPORTER_OTLP_ENDPOINT=${to.otlpHttp}`,
            'OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf',
            'OTEL_SERVICE_NAME=gateway',
          ].join('\n'),
        },
        ...grpc,
      ],
    },
  ];
}
