import { createEffect, createSignal, onCleanup, onMount, type JSX } from 'solid-js';
import { readPalette } from '../canvas/palette.js';
import type { PlotEvents, PlotOptions, SeriesPlot } from '../canvas/series-plot.js';
import { currentTheme } from '../data/theme.js';
import './charts.css';

/** Series over time. The chart library comes with the first chart, not with the page. */
export function SeriesChart(props: {
  options: PlotOptions;
  events?: Partial<PlotEvents>;
  /** What a reader is told. */
  label: string;
}): JSX.Element {
  let root!: HTMLDivElement;
  const [plot, setPlot] = createSignal<SeriesPlot | undefined>();
  onMount(() => {
    let gone = false;
    const events: PlotEvents = {
      onHover: (index) => props.events?.onHover?.(index),
      onPick: (millis) => props.events?.onPick?.(millis),
      onRange: (from, to) => props.events?.onRange?.(from, to),
    };
    // The canvas measures text: with the fallback's widths labels would be cut.
    void Promise.all([import('../canvas/series-plot.js'), document.fonts.load('11px Geist')]).then(
      ([module]) => {
        if (!gone) setPlot(module.createSeriesPlot(root, events));
      },
    );
    const observer = new ResizeObserver(() => plot()?.resize(root.clientWidth, root.clientHeight));
    observer.observe(root);
    onCleanup(() => {
      gone = true;
      observer.disconnect();
      plot()?.destroy();
    });
  });
  createEffect(() => plot()?.update(props.options, readPalette(currentTheme())));
  return <div ref={root} class="series-chart" role="img" aria-label={props.label} />;
}
