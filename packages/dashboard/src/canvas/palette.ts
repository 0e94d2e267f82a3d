/** The theme's colours as canvases take them, read once for each theme. */
export interface Palette {
  readonly surface: string;
  readonly surface2: string;
  readonly surface3: string;
  readonly line: string;
  readonly line2: string;
  readonly text: string;
  readonly text2: string;
  readonly text3: string;
  readonly accent: string;
  readonly error: string;
  readonly warn: string;
  readonly ok: string;
  /** `series[0]` is `--c1`. */
  readonly series: readonly string[];
  /** Few to many. */
  readonly heat: readonly string[];
}

const palettes = new Map<string, Palette>();

/** The colours of a theme; `theme` must be the one that is on. */
export function readPalette(theme: string): Palette {
  const known = palettes.get(theme);
  if (known !== undefined) return known;
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  const numbered = (name: string, from: number, to: number): string[] => {
    const colours: string[] = [];
    for (let i = from; i <= to; i += 1) colours.push(read(`${name}${i}`));
    return colours;
  };
  const palette: Palette = {
    surface: read('--s1'),
    surface2: read('--s2'),
    surface3: read('--s3'),
    line: read('--line'),
    line2: read('--line2'),
    text: read('--tx'),
    text2: read('--tx2'),
    text3: read('--tx3'),
    accent: read('--acc'),
    error: read('--err'),
    warn: read('--warn'),
    ok: read('--ok'),
    series: numbered('--c', 1, 8),
    heat: numbered('--h', 0, 6),
  };
  palettes.set(theme, palette);
  return palette;
}
