// What a container takes, a sample a second, as curves of the last minutes. Bundled into wwwroot/lib/stats.js at build time.
import uPlot from 'uplot';
import { dial, jitter, reasonOf, LOST } from '../Consoles/socket.js';

const SECONDS = 300;

// Steps of an axis of bytes.
const POWERS = Array.from({ length: 40 }, (_, i) => 2 ** i);

const scale = (value, base, units) => { let i = 0; while (value >= base && i < units.length - 1) { value /= base; i++; } return `${value >= 100 || i === 0 ? Math.round(value) : value.toFixed(1)} ${units[i]}`; };
export const bytes = value => scale(value, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB']);
const rate = value => `${bytes(value)}/s`;
const percent = value => `${value >= 10 ? Math.round(value) : value.toFixed(1)} %`;

// One sample, compared with the one before. All counters only grow; a smaller one means that the container was begun anew.
export function figures(sample, before) {
  const at = Date.parse(sample.timestamp) / 1000;
  const seconds = before ? at - before.at : 0;
  const sum = (list, key) => (list ?? []).reduce((total, item) => total + (item.stats?.[key] ?? 0), 0);
  const totals = {
    cpu: sample.cpu?.usage?.total ?? 0, received: sample.network?.rx_bytes ?? 0, sent: sample.network?.tx_bytes ?? 0,
    read: sum(sample.diskIo?.ioServiceBytes, 'Read'), written: sum(sample.diskIo?.ioServiceBytes, 'Write'),
  };
  const per = key => (seconds > 0 && totals[key] >= before.totals[key] ? (totals[key] - before.totals[key]) / seconds : null);
  const cpu = sample.cpuPercent ?? (per('cpu') === null ? null : per('cpu') / 1e7);
  return { at, totals, cpu, memory: sample.memory?.usage ?? null, limit: sample.memLimit || null, received: per('received'), sent: per('sent'), read: per('read'), written: per('written'), pids: sample.pids ?? null };
}

export function open(root, component) {
  const part = name => root.querySelector(`[data-stats="${name}"]`);
  const style = getComputedStyle(root);
  const ink = name => style.getPropertyValue(`--d-${name}`).trim();
  const data = { at: [], cpu: [], memory: [], received: [], sent: [], read: [], written: [] };
  const charts = [
    chart('cpu', ['cpu'], percent, 10),
    chart('memory', ['memory'], bytes, 1 << 20),
    chart('network', ['received', 'sent'], rate, 1024),
    chart('disk', ['read', 'written'], rate, 1024),
  ];
  let before = null;
  let socket = null;
  let attempt = 0;
  let timer = 0;
  let over = false;

  function chart(name, keys, format, least) {
    const target = part(name);
    const plot = new uPlot({
      width: Math.max(200, target.clientWidth), height: 150, legend: { show: false }, padding: [8, 4, 0, 0],
      cursor: { y: false, points: { size: 5 }, sync: { key: 'container-stats' }, drag: { x: false, y: false } },
      scales: { x: { time: true, range: () => { const now = data.at.at(-1) ?? Date.now() / 1000; return [now - Math.min(SECONDS, Math.max(60, now - (data.at[0] ?? now))), now]; } }, y: { range: (_, __, max) => [0, Math.max(least, max * 1.1)] } },
      axes: [
        { stroke: ink('muted'), grid: { show: false }, ticks: { show: false }, size: 24, font: `11px ${style.fontFamily}`, space: 70, values: (_, times) => times.map(t => new Date(t * 1000).toTimeString().slice(0, 8)) },
        { stroke: ink('muted'), grid: { stroke: ink('line'), width: 1 }, ticks: { show: false }, size: 68, font: `11px ${style.fontFamily}`, space: 36, incrs: format === percent ? undefined : POWERS, values: (_, values) => values.map(format) },
      ],
      series: [{}, ...keys.map((key, i) => ({ stroke: ink(i ? 'ink' : 'bar'), width: 1.5, dash: i ? [4, 3] : undefined, fill: i ? undefined : `color-mix(in srgb, ${ink('bar')} 16%, transparent)`, points: { show: false }, spanGaps: false }))],
      hooks: { setCursor: [u => said(name, keys, format, u.cursor.idx)] },
    }, [[], ...keys.map(() => [])], target);
    return { name, keys, format, plot, target };
  }

  // The figure above a curve: where the pointer is, else the last.
  function said(name, keys, format, at) {
    const text = key => { const value = data[key][at ?? data.at.length - 1]; return value === null || value === undefined ? '–' : format(value); };
    part(`${name}-now`).textContent = keys.length === 1 ? text(keys[0]) : name === 'network' ? `↓ ${text(keys[0])}  ↑ ${text(keys[1])}` : `read ${text(keys[0])}  write ${text(keys[1])}`;
  }

  function take(sample) {
    const now = figures(sample, before);
    if (before && now.at <= before.at) return;
    // A gap is a gap, not a line across it.
    if (before && now.at - before.at > 5) push(before.at + 1, {});
    before = now;
    push(now.at, now);
    part('limit').textContent = now.limit && now.memory !== null ? `of ${bytes(now.limit)}, ${percent(now.memory / now.limit * 100)}` : '';
    part('pids').textContent = now.pids === null ? '' : `${now.pids} ${now.pids === 1 ? 'process' : 'processes'}`;
    if (!document.hidden) draw();
  }

  function push(at, values) {
    data.at.push(at);
    for (const key of ['cpu', 'memory', 'received', 'sent', 'read', 'written']) data[key].push(values[key] ?? null);
    if (data.at.length > SECONDS + 30) for (const list of Object.values(data)) list.splice(0, list.length - SECONDS);
  }

  function draw() {
    for (const { name, keys, format, plot } of charts) {
      plot.setData([data.at, ...keys.map(k => data[k])]);
      if (plot.cursor.idx === null || plot.cursor.left < 0) said(name, keys, format, null);
    }
  }

  const say = text => { part('state').textContent = text; part('state').hidden = !text; };

  async function connect() {
    clearTimeout(timer);
    if (over) return;
    if (!data.at.length) say('Waiting for the first figures…');
    let access;
    try { access = await component.invokeMethodAsync('StatsTicket'); } catch { return; }
    if (over) return;
    if (access.problem) {
      say(access.problem);
      if (access.again) timer = setTimeout(connect, jitter(++attempt));
      return;
    }
    const own = socket = dial(access.url, access.token);
    own.onmessage = event => {
      attempt = 0;
      let samples;
      try { samples = JSON.parse(event.data); } catch { return; }
      say('');
      for (const sample of Array.isArray(samples) ? samples : [samples]) take(sample);
    };
    own.onclose = event => {
      if (own !== socket) return;
      socket = null;
      if (LOST.has(event.code)) {
        say('Connection lost, trying again…');
        timer = setTimeout(connect, jitter(++attempt));
      } else say(reasonOf(event, 'The container does not run any more.'));
    };
  }

  const listeners = new AbortController();
  document.addEventListener('visibilitychange', () => { if (!document.hidden) draw(); }, { signal: listeners.signal });
  const resize = new ResizeObserver(() => { for (const { plot, target } of charts) plot.setSize({ width: Math.max(200, target.clientWidth), height: 150 }); });
  resize.observe(root);
  connect();

  return {
    resume() { if (!socket && !over) { attempt = 0; connect(); } },
    dispose() {
      over = true;
      clearTimeout(timer);
      const own = socket;
      socket = null;
      own?.close();
      listeners.abort();
      resize.disconnect();
      for (const { plot } of charts) plot.destroy();
    },
  };
}
