import { channel } from 'node:diagnostics_channel';
import { afterEach, expect, test } from 'vitest';
import { setDiagnostics } from '../common/diagnostics.js';
import { guarded } from './guard.js';

afterEach(() => setDiagnostics('warn'));

test('what a listener throws is reported once, and never reaches the channel’s process', () => {
  const said: string[] = [];
  setDiagnostics((_severity, message) => said.push(message));
  const published = channel('codomyrmex-telemetry.test');
  const listener = guarded<{ text: unknown }>(({ text }) => {
    throw text;
  });
  published.subscribe(listener);
  published.publish({ text: new Error('one') });
  published.publish({ text: new Error('one') });
  published.publish({ text: 'two' });
  published.unsubscribe(listener);
  expect(said).toEqual(['instrumentation failed: one', 'instrumentation failed: two']);
});
