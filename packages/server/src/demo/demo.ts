import { init, shutdown, updateDisplay } from '@codomyrmex/telemetry';
import type { Telemetry } from '@codomyrmex/telemetry';

import { registerDemoViews } from './demo-views.js';
import { HttpService, closeIdleConnections } from './http-service.js';
import { Run } from './run.js';
import { Service } from './service.js';
import { Shop } from './shop.js';
import { SupportAgent } from './support-agent.js';
import { Traffic } from './traffic.js';

/** How the demo runs. */
export interface DemoOptions {
  /** Base URL of a backend; default OTEL_EXPORTER_OTLP_ENDPOINT, else http://localhost:4318. */
  readonly endpoint?: string;
  /** 1: about 40 spans a second. */
  readonly rate: number;
}

/** A running demo. */
export interface RunningDemo {
  readonly endpoint: string;
  /** Whether the backend took the first trace. */
  readonly isReceived: boolean;
  /** Ends the traffic, lets what is under way finish, sends the rest: at most about 2 s. */
  stop(): Promise<void>;
}

/** Milliseconds until what is left is given up; the process's exit may wait another 1,000. */
const STOP_MILLIS = 1500;

/** Starts the shop and its agents; resolves when the first trace has been sent. */
export async function startDemo(options: DemoOptions): Promise<RunningDemo> {
  const telemetry = init({
    serviceName: 'agent-api',
    serviceVersion: '1.4.2',
    metrics: { intervalMillis: 2000 },
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
  });
  const run = new Run();
  const { endpoint } = telemetry.settings;
  const agentApi = openAgentApi(run, telemetry);
  const shop = new Shop(run, telemetry, endpoint, agentApi);
  await Promise.all([agentApi.listen(), shop.listen()]);
  registerDemoViews();
  const traffic = new Traffic(run, shop.gateway.port, options.rate);
  await traffic.checkout();
  const first = await updateDisplay();
  const working = Promise.all([traffic.flow(), shop.queue.consume()]);
  const stop = async (): Promise<void> => {
    run.stop();
    await within(STOP_MILLIS, async () => {
      await working;
      closeIdleConnections();
      // Every request has its answer, so that every span has ended: nothing comes after this.
      await Promise.all([shop.close(), agentApi.close(), shutdown()]);
    });
  };
  return { endpoint, isReceived: first.spans > 0, stop };
}

function openAgentApi(run: Run, telemetry: Telemetry): HttpService {
  const agent = new SupportAgent(run);
  return new HttpService(new Service(telemetry, 'agent-api')).on('POST /api/chat', async (body) => {
    const { question } = body as { question: string };
    return { status: 200, body: { answer: await agent.answer(question) } };
  });
}

async function within(millis: number, work: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, millis);
  });
  await Promise.race([work(), limit]);
  clearTimeout(timer);
}
