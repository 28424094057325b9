import { useEffect, useRef, useState, type ReactNode } from 'react';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import styles from './overview.module.css';

export interface ChartLine {
  readonly label: string;
  readonly values: readonly (number | null)[];
  /** Which of the three colours of charts. */
  readonly tone: 1 | 2 | 3;
}

export interface ChartProps {
  readonly label: string;
  readonly time: readonly number[];
  readonly lines: readonly ChartLine[];
}

const HEIGHT = 170;

/** A colour as the page has it now; a canvas cannot read custom properties. */
function colourOf(element: HTMLElement, name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** A value without neighbours is no line: a dot shows it. */
const lonePoints = (plot: UPlot, series: number): number[] => {
  const values = plot.data[series] ?? [];
  return [...values.keys()].filter((at) => values[at] != null && values[at - 1] == null && values[at + 1] == null);
};

function optionsFor(element: HTMLElement, { lines }: ChartProps, hovered: (at: number | null) => void): UPlot.Options {
  const ink = colourOf(element, '--ink-3');
  const line = colourOf(element, '--line');
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: '11px system-ui' };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false } },
    scales: { y: { range: (_plot, _low, high) => [0, Math.max(1, high * 1.1)] } },
    axes: [
      { ...axis, grid: { show: false }, size: 26, values: clockTimes },
      { ...axis, size: 44 },
    ],
    series: [
      {},
      ...lines.map(({ label, tone }) => ({
        label,
        stroke: colourOf(element, `--chart-${String(tone)}`),
        width: 1.6,
        points: { show: true, size: 4, filter: lonePoints },
      })),
    ],
    hooks: { setCursor: [(plot) => hovered(plot.cursor.idx ?? null)] },
  };
}

const dataOf = ({ time, lines }: ChartProps): UPlot.AlignedData => [
  [...time],
  ...lines.map(({ values }) => [...values]),
];

/** Lines over time. The figures under the pointer, or the newest ones, stand in the legend. */
export function Chart(props: ChartProps): ReactNode {
  const { label, time, lines } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const [hovered, setHovered] = useState<number | null>(null);
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const draw = (): void => {
      plot.current?.destroy();
      plot.current = new UPlot(optionsFor(element, latest.current, setHovered), dataOf(latest.current), element);
    };
    draw();
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    addEventListener('sallyport-theme', draw);
    scheme.addEventListener('change', draw);
    return () => {
      resized.disconnect();
      removeEventListener('sallyport-theme', draw);
      scheme.removeEventListener('change', draw);
      plot.current?.destroy();
    };
  }, []);
  useEffect(() => plot.current?.setData(dataOf(latest.current)), [time, lines]);
  const at = hovered ?? time.length - 1;
  return (
    <figure>
      <figcaption className={styles['legend']}>
        {lines.map(({ label: name, values, tone }) => (
          <span key={name} data-tone={tone}>
            {name} <strong>{figure(values[at])}</strong>
          </span>
        ))}
        <span className={styles['at']}>{timeOf(time[at])}</span>
      </figcaption>
      <div ref={place} role="img" aria-label={label} className={styles['plot']} />
    </figure>
  );
}

const figure = (value: number | null | undefined): string =>
  value === null || value === undefined
    ? '–'
    : value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 2 : 0 });

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const clockTimes = (_plot: UPlot, ticks: readonly number[]): string[] => ticks.map((tick) => timeOf(tick));
const timeOf = (seconds: number | undefined): string => (seconds === undefined ? '' : clock.format(seconds * 1_000));
