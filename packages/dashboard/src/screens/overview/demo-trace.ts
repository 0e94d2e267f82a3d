/** One span of the demo: service, name, kind, parent, start and length in ms, attributes. */
type DemoSpan = readonly [
  service: string,
  name: string,
  kind: number,
  parent: number,
  start: number,
  length: number,
  attributes: { readonly [key: string]: string | number },
];

// OTLP kinds: 1 internal, 2 server, 3 client, 4 producer, 5 consumer.
const SPANS: readonly DemoSpan[] = [
  [
    'demo-gateway',
    'POST /api/ask',
    2,
    -1,
    0,
    1840,
    { 'http.request.method': 'POST', 'http.route': '/api/ask' },
  ],
  [
    'demo-gateway',
    'publish question.asked',
    4,
    0,
    12,
    9,
    { 'messaging.system': 'demo', 'messaging.destination.name': 'questions' },
  ],
  ['demo-worker', 'consume question.asked', 5, 1, 30, 1790, { 'messaging.system': 'demo' }],
  [
    'demo-agent',
    'invoke_agent planner',
    1,
    2,
    44,
    1760,
    { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'planner' },
  ],
  [
    'demo-agent',
    'chat demo-model',
    3,
    3,
    52,
    410,
    {
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'demo-model',
      'gen_ai.usage.input_tokens': 812,
      'gen_ai.usage.output_tokens': 96,
    },
  ],
  [
    'demo-agent',
    'invoke_agent researcher',
    1,
    3,
    480,
    1180,
    { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'researcher' },
  ],
  [
    'demo-agent',
    'execute_tool search',
    1,
    5,
    496,
    240,
    { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'search' },
  ],
  [
    'demo-search',
    'GET /search',
    3,
    6,
    502,
    228,
    {
      'http.request.method': 'GET',
      'http.response.status_code': 503,
      'server.address': 'search.demo',
    },
  ],
  [
    'demo-agent',
    'execute_tool search',
    1,
    5,
    790,
    180,
    { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'search' },
  ],
  [
    'demo-search',
    'GET /search',
    3,
    8,
    796,
    168,
    {
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'server.address': 'search.demo',
    },
  ],
  [
    'demo-agent',
    'chat demo-model',
    3,
    5,
    990,
    650,
    {
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'demo-model',
      'gen_ai.usage.input_tokens': 1934,
      'gen_ai.usage.output_tokens': 211,
    },
  ],
];
/** The span that fails: the first search. */
const FAILING = 7;

function randomHex(bytes: number): string {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function attribute([key, value]: [string, string | number]): object {
  return {
    key,
    value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
  };
}

/** The demo trace as an OTLP/JSON request; it ends now. */
export function demoRequest(nowMillis: number): object {
  const traceId = randomHex(16);
  const ids = SPANS.map(() => randomHex(8));
  const begin = nowMillis - 1850;
  const nanos = (millis: number): string => `${Math.round(begin + millis)}000000`;
  const services = [...new Set(SPANS.map(([service]) => service))];
  return {
    resourceSpans: services.map((service) => ({
      resource: {
        attributes: [
          attribute(['service.name', service]),
          attribute(['deployment.environment.name', 'demo']),
        ],
      },
      scopeSpans: [
        {
          scope: { name: 'codomyrmex-telemetry-page' },
          spans: SPANS.flatMap(([owner, name, kind, parent, start, length, attributes], i) =>
            owner === service
              ? [
                  {
                    traceId,
                    spanId: ids[i],
                    ...(parent < 0 ? {} : { parentSpanId: ids[parent] }),
                    name,
                    kind,
                    startTimeUnixNano: nanos(start),
                    endTimeUnixNano: nanos(start + length),
                    attributes: Object.entries(attributes).map(attribute),
                    ...(i === FAILING ? failure(nanos(start + length - 2)) : {}),
                  },
                ]
              : [],
          ),
        },
      ],
    })),
  };
}

function failure(timeUnixNano: string): object {
  return {
    status: { code: 2, message: '503 Service Unavailable' },
    events: [
      {
        timeUnixNano,
        name: 'exception',
        attributes: [
          attribute(['exception.type', 'SearchUnavailable']),
          attribute(['exception.message', '503 Service Unavailable, retried once']),
        ],
      },
    ],
  };
}

/** Sends the demo trace to this server; what went wrong, or undefined. */
export async function sendDemoTrace(): Promise<string | undefined> {
  try {
    const response = await fetch('/v1/traces', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(demoRequest(Date.now())),
    });
    return response.ok ? undefined : `The server answered ${response.status}.`;
  } catch {
    return 'The server cannot be reached.';
  }
}
