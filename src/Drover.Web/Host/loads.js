// What a host does, as curves: live from samples that the page hands over, or a part of the last day, asked for anew as it goes on.
// Bundled with its library and that one's style into wwwroot/lib/loads.js at build time.
import uPlot from 'uplot';
import style from 'uplot/dist/uPlot.min.css';

const LIVE = 'live';
const LIVE_SECONDS = 300;
const MAX_GAP = 20;      // seconds between live samples that are still one line
const HEIGHT = 128;

// How long each span is, how often its values are asked for again, and what is said where it has none.
const SPANS = {
  [LIVE]: { seconds: LIVE_SECONDS, none: 'Waiting for the first sample. The host sends one every five seconds while its agent is connected.' },
  '1h': { seconds: 3600, again: 30, none: 'Nothing was measured in the last hour. Values come minute by minute while the agent is connected.' },
  '24h': { seconds: 86400, again: 120, none: 'Nothing was measured in the last 24 hours. Values come minute by minute while the agent is connected.' },
};

const trimmed = value => (value >= 100 ? value.toFixed(0) : value.toFixed(1).replace(/\.0$/, ''));
const scaled = value => { let i = 0; while (value >= 1023.5 && i < 5) { value /= 1024; i++; } return `${i ? trimmed(value) : Math.round(value)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'][i]}`; };
const percent = value => `${value >= 10 ? Math.round(value) : trimmed(value)} %`;
const rate = value => `${scaled(value)}/s`;
const two = number => String(number).padStart(2, '0');
const clock = (at, seconds) => { const d = new Date(at * 1000); return `${two(d.getHours())}:${two(d.getMinutes())}${seconds ? `:${two(d.getSeconds())}` : ''}`; };
const widthOf = target => Math.max(180, Math.floor(target.clientWidth));
const day = at => { const d = new Date(at * 1000); return `${d.toLocaleDateString(undefined, { weekday: 'short' })} ${d.getDate()}`; };

// Round numbers of bytes: powers of two, three or four of them.
function binary(top) {
  const step = 2 ** Math.ceil(Math.log2(Math.max(top, 4) / 4));
  return Array.from({ length: Math.floor(top / step * 1.0001) + 1 }, (_, i) => i * step);
}

const halves = top => [0, top / 2, top];

// The figures, each with its columns. The first column is drawn as an area, the second as a line.
const CHARTS = {
  cpu: { keys: ['cpu', 'peak'], line: 'faint', top: () => 100, ticks: halves, tick: percent, say: (cpu, peak) => percent(cpu) + (peak === null || percent(peak) === percent(cpu) ? '' : ` · peak ${percent(peak)}`) },
  memory: { keys: ['memory'], total: 'memoryTotal', top: max => Math.max(max, 1), ticks: halves, tick: scaled, say: scaled },
  network: { keys: ['received', 'sent'], line: 'ink', top: max => Math.max(max * 1.15, 1024), ticks: binary, tick: rate, say: (received, sent) => `↓ ${rate(received)}  ↑ ${rate(sent ?? 0)}` },
  disk: { keys: ['disk'], total: 'diskTotal', top: max => Math.max(max, 1), ticks: halves, tick: scaled, say: scaled },
};
const COLUMNS = ['cpu', 'peak', 'memory', 'received', 'sent', 'disk'];

let chosen = LIVE;       // kept from host to host
let styled = false;

export function open(root, component) {
  if (!styled) {
    styled = true;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  }

  const part = name => root.querySelector(`[data-curve="${name}"]`);
  const ink = name => getComputedStyle(root).getPropertyValue(`--d-${name}`).trim();
  const font = `11px ${getComputedStyle(root).fontFamily}`;
  const key = uPlot.sync(`loads-${Math.random()}`).key;
  const live = [];
  let totals = { memoryTotal: 0, diskTotal: 0 };
  let range = [0, 1];
  let columns = { at: [] };
  let step = 5;
  let asked = 0;
  let timer = 0;
  let over = false;
  let stale = false;      // the page was hidden when the values were due
  const plots = Object.entries(CHARTS).map(([name, chart]) => ({ name, chart, plot: draw(name, chart) }));

  function draw(name, chart) {
    const target = part(name);
    const top = max => (chart.total && totals[chart.total]) || chart.top(max ?? 0);
    return new uPlot({
      width: widthOf(target), height: HEIGHT, legend: { show: false }, padding: [8, 8, 0, 0],
      cursor: { y: false, sync: { key }, drag: { x: false, y: false, setScale: false }, points: { size: 6, width: 0, fill: () => ink('ink') } },
      scales: { x: { time: true, range: () => range }, y: { range: (_, __, max) => [0, top(max)] } },
      axes: [
        { stroke: () => ink('muted'), font, size: 22, gap: 4, space: 64, grid: { show: false }, ticks: { show: true, size: 4, width: 1, stroke: () => ink('line-strong') }, border: { show: true, width: 1, stroke: () => ink('line-strong') }, incrs: [60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 14400, 21600, 43200], values: (_, times) => times.map(at => (clock(at) === '00:00' ? day(at) : clock(at))) },
        { stroke: () => ink('muted'), font, size: 70, gap: 6, grid: { width: 1, stroke: () => ink('line') }, ticks: { show: false }, splits: (_, __, ___, max) => chart.ticks(max), values: (_, values) => values.map(chart.tick) },
      ],
      series: [{}, ...chart.keys.map((_, i) => ({
        stroke: () => ink(i ? chart.line : 'bar'), width: i ? 1 : 1.5, fill: i ? undefined : () => `${ink('bar')}2b`, spanGaps: false,
        points: { show: false },
      }))],
      hooks: { setCursor: [say], drawSeries: [(u, index) => dots(u, index, index > 1 ? chart.line : 'bar')] },
    }, [[], ...chart.keys.map(() => [])], target);
  }

  // A value without neighbours is no line: a dot.
  function alone(values) {
    return values.flatMap((value, i) => (value !== null && (values[i - 1] ?? null) === null && (values[i + 1] ?? null) === null ? [i] : []));
  }

  function dots(u, index, colour) {
    u.ctx.save();
    u.ctx.fillStyle = ink(colour);
    for (const i of alone(u.data[index])) {
      u.ctx.beginPath();
      u.ctx.arc(u.valToPos(u.data[0][i], 'x', true), u.valToPos(u.data[index][i], 'y', true), 2 * devicePixelRatio, 0, 7);
      u.ctx.fill();
    }
    u.ctx.restore();
  }

  // The numbers beside the names: where the pointer is, else the last ones.
  function say(u) {
    const under = u?.cursor.left >= 0 ? u.cursor.idx : null;
    const known = under !== null && columns.at[under] !== undefined;
    part('at').textContent = known ? when(columns.at[under]) : '';
    const at = known ? under : columns.cpu?.findLastIndex(value => value !== null) ?? -1;
    for (const { name, chart } of plots) {
      const values = chart.keys.map(k => columns[k]?.[at] ?? null);
      part(`${name}-now`).textContent = values[0] === null ? '–' : chart.say(...values);
    }
  }

  const when = at => (step < 60 ? clock(at, true) : chosen === '24h' ? `${day(at)}, ${clock(at)}` : clock(at));

  function show() {
    part('state').textContent = '';
    for (const { chart, plot } of plots) plot.setData([columns.at, ...chart.keys.map(k => columns[k] ?? [])]);
    say(plots[0].plot);
    const none = !columns.cpu?.some(value => value !== null);
    root.classList.toggle('curves-none', none);
    if (none) part('state').textContent = SPANS[chosen].none;
  }

  function showLive() {
    columns = { at: [], ...Object.fromEntries(COLUMNS.map(name => [name, []])) };
    let before = null;
    for (const sample of live) {
      // A gap is a gap, not a line across it.
      if (before !== null && sample.at - before > MAX_GAP) push(before + 1, {});
      before = sample.at;
      push(sample.at, sample);
    }
    range = before === null ? [Date.now() / 1000 - LIVE_SECONDS, Date.now() / 1000] : [before - LIVE_SECONDS, before];
    step = 5;
    show();
  }

  function push(at, sample) {
    columns.at.push(at);
    for (const name of COLUMNS) columns[name].push(sample[name] ?? null);
  }

  async function showPast() {
    const span = chosen;
    const mine = ++asked;
    let past;
    try { past = await component.invokeMethodAsync('Past', span); } catch { past = null; }
    if (over || mine !== asked) return;
    if (past?.columns) {
      step = past.step;
      columns = { at: past.columns.cpu.map((_, i) => past.since + i * step), ...past.columns };
      range = [columns.at[0], columns.at[0] + Math.max(SPANS[span].seconds, step * past.columns.cpu.length)];
      show();
    } else if (past?.problem) {
      columns = { at: [] };
      show();
      part('state').textContent = past.problem;
    }
    if (past === null || past.again) timer = setTimeout(() => { document.hidden ? (stale = true) : showPast(); }, SPANS[span].again * 1000);
  }

  function choose(span) {
    chosen = span;
    asked++;
    clearTimeout(timer);
    stale = false;
    for (const button of root.querySelectorAll('[data-span]')) button.setAttribute('aria-pressed', String(button.dataset.span === span));
    root.dataset.shows = span;
    // What is drawn stays until the other values are there.
    span === LIVE ? showLive() : showPast();
  }

  const listeners = new AbortController();
  const { signal } = listeners;
  for (const button of root.querySelectorAll('[data-span]')) button.addEventListener('click', () => choose(button.dataset.span), { signal });
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) return;
    if (chosen === LIVE) showLive();
    else if (stale) { stale = false; showPast(); }
  }, { signal });
  const repaint = () => { for (const { plot } of plots) plot.redraw(false); };
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaint, { signal });
  const theme = new MutationObserver(repaint);
  theme.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  const resize = new ResizeObserver(() => { for (const { name, plot } of plots) plot.setSize({ width: widthOf(part(name)), height: HEIGHT }); });
  resize.observe(root);
  choose(chosen);

  return {
    // Samples that are new, oldest first, or those of before this page was open.
    add(samples) {
      for (const sample of samples) {
        const i = live.findLastIndex(known => known.at <= sample.at);
        if (i < 0 || live[i].at < sample.at) live.splice(i + 1, 0, sample);
      }
      live.splice(0, live.findIndex(sample => sample.at > live.at(-1).at - LIVE_SECONDS));
      const last = live.at(-1);
      if (last) totals = { memoryTotal: last.memoryTotal, diskTotal: last.diskTotal };
      if (chosen === LIVE && !document.hidden) showLive();
    },
    dispose() {
      over = true;
      clearTimeout(timer);
      listeners.abort();
      theme.disconnect();
      resize.disconnect();
      for (const { plot } of plots) plot.destroy();
    },
  };
}
