/**
 * Which folder may import which, as data. A folder may import itself and what stands in its list;
 * anything else is an error. Packages import each other by their entry points only.
 */
export interface Floors {
  /** Package folder → packages it may import. */
  readonly packages: Readonly<Record<string, readonly string[]>>;
  /** "package/folder" → folders of its package that it may import; "" is the src folder itself. */
  readonly folders: Readonly<Record<string, readonly string[]>>;
}

const SDK_LOWER = ['common', 'export'];
const SDK_SIGNALS = ['trace', 'metrics', 'logs'];
const SERVER_READING = ['query', 'store', 'views', 'live', 'api'];

export const FLOORS: Floors = {
  packages: {
    otlp: [],
    query: [],
    // Types of the views that registerView sends.
    sdk: ['otlp', 'query'],
    // The demo command is a program on our own SDK.
    server: ['otlp', 'query', 'sdk'],
    dashboard: ['query'],
    bench: ['otlp', 'query', 'sdk', 'server'],
    examples: ['sdk'],
    e2e: ['otlp', 'query', 'sdk', 'server'],
    scripts: [],
  },
  folders: {
    'sdk/': ['node', 'instrument', ...SDK_SIGNALS, 'dashboard', 'testing', ...SDK_LOWER],
    'sdk/register': ['', 'instrument', ...SDK_SIGNALS, ...SDK_LOWER],
    'sdk/instrument': ['trace', ...SDK_LOWER],
    'sdk/dashboard': ['', 'node', ...SDK_SIGNALS, ...SDK_LOWER],
    'sdk/node': ['', ...SDK_SIGNALS, ...SDK_LOWER],
    'sdk/testing': SDK_LOWER,
    'sdk/otel': [...SDK_SIGNALS, ...SDK_LOWER],
    'sdk/trace': ['', ...SDK_LOWER],
    'sdk/metrics': ['', 'trace', ...SDK_LOWER],
    'sdk/logs': ['', 'trace', ...SDK_LOWER],
    'sdk/export': ['common'],
    'sdk/common': [],
    'server/': ['api', 'cli', 'receive', 'live', 'views', 'query', 'store', 'transcode'],
    'server/cli': ['', 'demo', 'load', 'store'],
    'server/demo': [],
    'server/load': [],
    'server/receive': ['', 'api', 'transcode', 'store'],
    'server/transcode': ['store'],
    'server/api': ['', ...SERVER_READING],
    'server/live': ['', 'api', 'query', 'store', 'views'],
    'server/views': ['', 'store'],
    'server/query': ['', 'store'],
    'server/store': [''],
    'dashboard/': ['app'],
    'dashboard/app': ['screens', 'parts', 'data', 'layout', 'canvas', 'base'],
    'dashboard/screens': ['parts', 'data', 'layout', 'canvas', 'base'],
    'dashboard/parts': ['data', 'layout', 'canvas', 'base'],
    'dashboard/data': ['layout', 'base'],
    'dashboard/layout': ['base'],
    'dashboard/canvas': ['layout', 'base'],
    'dashboard/base': [],
  },
};
