import type { MetricQueryAnswer, MetricRow } from '@codomyrmex/telemetry-query';
import { For, type JSX } from 'solid-js';
import { metricValueText } from '../../base/number.js';
import { quoteValue } from '../../base/terms.js';
import { clockText, millisOfNanos, nanosOfMillis } from '../../base/time.js';
import { href, setParams } from '../../data/location.js';
import { timeZone } from '../../data/shared.js';
import { isRate, unitOf } from '../../layout/series-summary.js';
import { Icon } from '../../parts/icon.js';
import { ServiceDot } from '../../parts/text.js';

/** A moment is at least this long, or no trace would start in it. */
const LEAST_MILLIS = 5000;
const MOST_SERVICES = 4;

/** From a point in time to the traces and logs of that window. */
export function MetricMoment(props: {
  row: MetricRow;
  answer: MetricQueryAnswer;
  atMillis: number;
}): JSX.Element {
  const stepMillis = (): number => Number(props.answer.stepNanos) / 1e6;
  const index = (): number => {
    const first = millisOfNanos(props.answer.timesUnixNano[0] ?? '0');
    return Math.floor((props.atMillis - first) / stepMillis());
  };
  const window = (): { from: number; to: number } => {
    const length = Math.max(LEAST_MILLIS, stepMillis());
    const start = millisOfNanos(
      props.answer.timesUnixNano[index()] ?? nanosOfMillis(props.atMillis),
    );
    return { from: start, to: start + length };
  };
  const value = (): string => {
    const { answer } = props;
    if (answer.series.length !== 1) return '';
    const at = answer.series[0]?.values[index()];
    if (at === undefined || at === null) return '';
    const unit = unitOf(answer.type, answer.agg, answer.unit);
    return ` · ${answer.agg} ${metricValueText(at, unit, isRate(answer.agg))}`;
  };
  const params = (service: string): { [key: string]: string | undefined } => ({
    q: service === '' ? undefined : `service=${quoteValue(service)}`,
    from: nanosOfMillis(window().from),
    to: nanosOfMillis(window().to),
    live: undefined,
  });
  const services = (): readonly string[] => props.row.services.slice(0, MOST_SERVICES);
  return (
    <div class="metric-moment" data-test="metric-moment">
      <b class="n">
        {clockText(window().from, timeZone())} – {clockText(window().to, timeZone())}
      </b>
      <span class="t2 n">{value()}</span>
      <span class="sp" />
      <span class="t3">Traces of this window</span>
      <For each={services()}>
        {(service) => (
          <a
            class="btn sm pri"
            data-test="moment-traces"
            href={href('traces', '', params(service))}
          >
            <ServiceDot name={service} />
            {service}
            <Icon name="arrow-right" size={13} />
          </a>
        )}
      </For>
      <a class="btn sm" href={href('traces', '', params(''))}>
        all
      </a>
      <a class="btn sm" href={href('logs', '', params(services()[0] ?? ''))}>
        Logs
      </a>
      <button
        type="button"
        class="btn ic bare"
        aria-label="Close"
        onClick={() => setParams({ at: undefined }, { replace: true })}
      >
        <Icon name="x" />
      </button>
    </div>
  );
}
