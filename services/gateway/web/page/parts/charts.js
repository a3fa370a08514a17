// Charts drawn as SVG. Each has a title that says the same in words, and its
// numbers stand in a table beside it.

import { html } from '../vendor/preact-htm.js';
import { durationText } from '../base/time.js';

const WIDTH = 720;
const WIDE = 1120;
const HEIGHT = 200;
const LEFT = 56;
const BOTTOM = 24;
const TOP = 8;

/** Class names of the series, in their order; later series share the last. */
const SERIES = 8;
const seriesClass = (number) => `series-${Math.min(number, SERIES - 1)}`;

/**
 * A number not below `value` that reads well on an axis.
 * @param {number} value
 */
export function niceMost(value) {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  for (const step of [1, 2, 2.5, 5, 10]) if (step * power >= value) return step * power;
  return value;
}

function Axes({ width, most, text, firstLabel, lastLabel }) {
  const height = HEIGHT - BOTTOM - TOP;
  return html`<g class="axes">
    ${[0, 0.5, 1].map((part) => {
      const y = TOP + height * (1 - part);
      return html`<g key=${part}><line x1=${LEFT} x2=${width} y1=${y} y2=${y} />
        <text x=${LEFT - 6} y=${y + 4} text-anchor="end">${text(most * part)}</text></g>`;
    })}
    <text x=${LEFT} y=${HEIGHT - 6}>${firstLabel}</text>
    <text x=${width} y=${HEIGHT - 6} text-anchor="end">${lastLabel}</text></g>`;
}

/**
 * What the colours mean.
 * @param {{names: string[], classOf?: (number: number) => string}} props
 */
export function Legend({ names, classOf = seriesClass }) {
  return html`<ul class="legend">${names.map((name, number) => html`<li key=${name}>
    <svg viewBox="0 0 10 10" aria-hidden="true"><rect width="10" height="10" rx="2" class=${classOf(number)} /></svg>${name.replaceAll('_', ' ')}</li>`)}</ul>`;
}

/**
 * Bars over time, each stacked from `names`.
 * @param {{title: string, names: string[], labels: string[], values: number[][]}} props
 *     `values`: for each bar a number for each name.
 */
export function StackedBars({ title, names, labels, values }) {
  const sums = values.map((bar) => bar.reduce((sum, value) => sum + value, 0));
  const most = niceMost(Math.max(1, ...sums));
  const height = HEIGHT - BOTTOM - TOP;
  const step = (WIDE - LEFT) / Math.max(1, values.length);
  return html`<figure class="chart"><figcaption>${title}</figcaption>
    <svg viewBox=${`0 0 ${WIDE} ${HEIGHT}`} role="img" aria-label=${`${title}; at most ${Math.max(0, ...sums)}`}>
      <${Axes} width=${WIDE} most=${most} text=${(value) => String(value)} firstLabel=${labels[0]} lastLabel=${labels[labels.length - 1]} />
      ${values.map((bar, at) => {
        let top = HEIGHT - BOTTOM;
        return html`<g key=${at}><title>${`${labels[at]}: ${names.map((name, number) => `${bar[number]} ${name}`)
          .filter((text) => !text.startsWith('0 ')).join(', ') || 'none'}`}</title>
          <rect class="hover" x=${LEFT + at * step} y=${TOP} width=${step} height=${height} />
          ${bar.map((value, number) => {
            const size = (value / most) * height;
            top -= size;
            return value > 0 && html`<rect key=${number} class=${seriesClass(number)} x=${LEFT + at * step + step * 0.1} y=${top}
              width=${step * 0.8} height=${size} />`;
          })}</g>`;
      })}
    </svg><${Legend} names=${names} /></figure>`;
}

// Lines must be told apart where they cross.
const LINE_SERIES = [0, 3, 4];
const lineClass = (number) => seriesClass(LINE_SERIES[number % LINE_SERIES.length]);

// Points that follow each other without a gap.
function runsOf(points) {
  const runs = [[]];
  for (const point of points) {
    if (point === null) runs.push([]);
    else runs[runs.length - 1].push(point);
  }
  return runs.filter((run) => run.length > 0);
}

/**
 * Lines of durations over time.
 * @param {{title: string, names: string[], labels: string[], values: (number | null)[][]}} props
 *     `values`: for each point milliseconds for each name; null: none measured.
 */
export function DurationLines({ title, names, labels, values }) {
  const all = values.flat().filter((value) => value !== null);
  const most = niceMost(Math.max(1, ...all));
  const height = HEIGHT - BOTTOM - TOP;
  const step = (WIDTH - LEFT) / Math.max(1, values.length);
  const pointOf = (value, at) => (value === null ? null
    : [LEFT + (at + 0.5) * step, TOP + height * (1 - value / most)]);
  return html`<figure class="chart"><figcaption>${title}</figcaption>
    <svg viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} role="img"
      aria-label=${all.length === 0 ? `${title}; none measured` : `${title}; at most ${durationText(Math.max(...all))}`}>
      <${Axes} width=${WIDTH} most=${most} text=${durationText} firstLabel=${labels[0]} lastLabel=${labels[labels.length - 1]} />
      ${names.map((name, number) => html`<g key=${name} class=${`line-${lineClass(number)}`}>
        ${runsOf(values.map((point, at) => pointOf(point[number], at))).map((run, at) => html`<g key=${at}>
          <polyline points=${run.map((point) => point.map((one) => one.toFixed(1)).join(',')).join(' ')} />
          ${run.length === 1 && html`<circle cx=${run[0][0]} cy=${run[0][1]} r="2.5" />`}</g>`)}</g>`)}
    </svg><${Legend} names=${names} classOf=${lineClass} /></figure>`;
}

/**
 * One bar across, cut into shares.
 * @param {{names: string[], values: number[], most: number}} props
 */
export function ShareBar({ names, values, most }) {
  let left = 0;
  const total = Math.max(1, most);
  return html`<svg class="share" viewBox="0 0 100 8" preserveAspectRatio="none" role="img"
    aria-label=${names.map((name, number) => `${values[number]} ${name}`).join(', ')}>
    ${values.map((value, number) => {
      const width = (value / total) * 100;
      const x = left;
      left += width;
      return value > 0 && html`<rect key=${number} class=${seriesClass(number)} x=${x} y="0" width=${width} height="8" />`;
    })}</svg>`;
}
