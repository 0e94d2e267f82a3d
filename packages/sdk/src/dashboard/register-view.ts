import type { ChartType } from '@codomyrmex/telemetry-query';

import { telemetry } from '../export/telemetry.js';
import type { Telemetry } from '../export/telemetry.js';
import { defineView } from './view-definition.js';
import type { ViewOptions } from './view-definition.js';
import { ViewRegistry } from './view-registry.js';

/** A registered view. */
export interface View {
  /** What the backend keeps it under; the same group, metric and chart type give the same. */
  readonly id: string;
  readonly metric: string;
  readonly chartType: ChartType;
  /** Resolves when the backend has it, or at shutdown. Waiting for it keeps the program alive. */
  stored(): Promise<void>;
  /** Takes it off the page. */
  remove(): Promise<void>;
}

const registries = new WeakMap<Telemetry, ViewRegistry>();

/** The views of a running SDK; the first call makes the registry. */
export function viewRegistryOf(started: Telemetry): ViewRegistry {
  let registry = registries.get(started);
  if (registry === undefined) {
    registry = new ViewRegistry(started);
    registries.set(started, registry);
  }
  return registry;
}

/**
 * Puts a chart of a metric on the dashboard; open pages show it within 250 ms. Returns at once: the
 * view is kept, and sent when a backend answers at the endpoint in use (or at
 * CODOMYRMEX_TELEMETRY_DASHBOARD_URL), and again when another one does. Throws TypeError with what
 * to change when an argument is wrong, RangeError beyond 200 views.
 */
export function registerView(
  metricName: string,
  chartType: ChartType,
  options: ViewOptions = {},
): View {
  const started = telemetry();
  const source = String(started.resource.attributes['service.name'] ?? '');
  const view = defineView(metricName, chartType, options, source);
  const registry = viewRegistryOf(started);
  registry.set(view);
  return {
    id: view.id,
    metric: metricName,
    chartType,
    stored: () => registry.stored(view.id),
    remove: () => registry.remove(view.id),
  };
}
