// The log of a container: only the lines on the screen are in the document, however many there are. Bundled into wwwroot/lib/logs.js at build time.
import { AnsiUp } from 'ansi_up';
import { dial, jitter, reasonOf, LOST } from '../Consoles/socket.js';
import { LogSearch, LogText, MOST_LINES, plain } from './logText.js';

const ROW = 18;
const OVERSCAN = 20;
const SHOWN = 2000;
const count = n => n.toLocaleString('en');
const recall = (name, usual) => { try { return localStorage.getItem(`drover-log-${name}`) ?? usual; } catch { return usual; } };
const remember = (name, value) => { try { localStorage.setItem(`drover-log-${name}`, value); } catch { /* private window: not remembered */ } };

export function open(root, component) {
  const part = name => root.querySelector(`[data-log="${name}"]`);
  const [scroller, sizer, rows, state, paused, found] = ['scroller', 'sizer', 'rows', 'state', 'paused', 'found'].map(part);
  const log = new LogText();
  const search = new LogSearch(log);
  const ansi = new AnsiUp();
  ansi.use_classes = true;
  const settings = { lines: recall('lines', '100'), stamps: recall('stamps', 'no') === 'yes', wrap: recall('wrap', 'yes') === 'yes' };
  let socket = null;
  let attempt = 0;
  let timer = 0;
  let over = false;
  let lostAt = 0;
  let following = true;
  let unseen = 0;
  let current = -1;
  let drawn = false;
  let columns = 120;
  let tops = new Float64Array(1);
  let heights = { first: 0, end: 0, columns: 0, version: -1 };
  let version = 0;

  // The connection

  const say = text => { state.textContent = text; };

  async function connect() {
    clearTimeout(timer);
    if (over) return;
    say(log.length ? 'Connecting again…' : 'Opening…');
    const since = log.last;
    let access;
    try {
      access = await component.invokeMethodAsync('Ticket', since ? 0 : Number(settings.lines), since, true);
    } catch {
      return;
    }
    if (over) return;
    if (access.problem) {
      if (access.again) return later(access.problem);
      say('');
      ended(access.problem);
      return;
    }
    const own = socket = dial(access.url, access.token, ['lines']);
    own.onopen = () => {
      if (own !== socket) return;
      if (since) log.expectRepeats();
      if (lostAt) log.mark(`connected again after ${Math.max(1, Math.round((Date.now() - lostAt) / 1000))} s`);
      lostAt = 0;
      say('');
      root.dataset.state = 'open';
      draw();
    };
    own.onmessage = event => {
      if (own !== socket || typeof event.data !== 'string') return;
      attempt = 0;
      const added = log.take(event.data);
      if (!following) unseen += added;
      if (added) draw();
    };
    own.onclose = event => {
      if (own !== socket) return;
      socket = null;
      if (LOST.has(event.code)) later('');
      else {
        ended(reasonOf(event, 'The log has ended.'));
        timer = setTimeout(goOn, jitter(++attempt));
      }
    };
  }

  // It may have been begun anew meanwhile.
  async function goOn() {
    const runs = await component.invokeMethodAsync('Runs').catch(() => false);
    if (runs && !socket && !over) connect();
  }

  function later(why) {
    if (!lostAt && log.length) log.mark('connection lost; it is tried again');
    lostAt ||= Date.now();
    root.dataset.state = 'lost';
    say(why ? `${why} Trying again…` : 'Connection lost, trying again…');
    timer = setTimeout(connect, jitter(++attempt));
    draw();
  }

  function ended(reason) {
    root.dataset.state = 'ended';
    say(reason);
    const mark = reason.replace(/\.$/, '');
    if (log.length && log.get(log.end - 1).text !== mark) log.mark(mark);
    draw();
  }

  function close() {
    clearTimeout(timer);
    const own = socket;
    socket = null;
    own?.close();
  }

  // The picture

  const shownLength = line => (line.open ? line.text.length : Math.min(line.text.length, SHOWN));
  const rowsOf = line => (settings.wrap && line.stream !== 'mark' ? Math.max(1, Math.ceil(shownLength(line) / columns)) + (line.text.length > SHOWN ? 1 : 0) : 1);

  // tops[i] is where the line first + i begins. Appending costs the new lines; anything else is counted anew.
  function measure() {
    const n = log.length;
    if (tops.length < n + 1) {
      const bigger = new Float64Array(Math.max(n + 1, tops.length * 2, 4096));
      bigger.set(tops);
      tops = bigger;
    }
    let from = 0;
    if (heights.version === version && heights.columns === columns) {
      const gone = log.first - heights.first;
      if (gone < heights.end - heights.first) {
        if (gone) {
          const base = tops[gone];
          for (let i = gone; i <= heights.end - heights.first; i++) tops[i - gone] = tops[i] - base;
          if (!following) scroller.scrollTop -= base;
        }
        from = heights.end - log.first;
      }
    }
    if (from <= 0) { from = 0; tops[0] = 0; }
    for (let i = from; i < n; i++) tops[i + 1] = tops[i] + rowsOf(log.get(log.first + i)) * ROW;
    heights = { first: log.first, end: log.end, columns, version };
    return tops[n];
  }

  function lineAt(y) {
    let [low, high] = [0, log.length];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (tops[middle] <= y) low = middle; else high = middle - 1;
    }
    return log.first + Math.min(low, Math.max(0, log.length - 1));
  }

  function element(number) {
    const line = log.get(number);
    const row = document.createElement('div');
    row.className = `ll ll-${line.stream}`;
    row.dataset.n = number;
    if (line.stream === 'mark') {
      row.textContent = line.text;
      return row;
    }
    if (settings.stamps) {
      const stamp = document.createElement('time');
      stamp.textContent = local(line.at);
      row.append(stamp);
    }
    if (line.stream === 'err') row.title = 'stderr';
    const text = document.createElement('span');
    text.innerHTML = ansi.ansi_to_html(`\x1b[0m${line.text.slice(0, shownLength(line))}`);
    row.append(text);
    if (line.text.length > SHOWN) {
      const more = document.createElement('button');
      more.type = 'button';
      more.className = 'll-more';
      more.textContent = line.open ? 'Show less of this line' : `${count(line.text.length - SHOWN)} more characters in this line`;
      more.onclick = () => { line.open = !line.open; version++; rows.replaceChildren(); draw(); };
      row.append(more);
    }
    return row;
  }

  function local(at) {
    if (!at) return '';
    const time = new Date(`${at.slice(0, 23)}Z`);
    const two = n => String(n).padStart(2, '0');
    const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${at.slice(20, 23)}`;
    return narrow() ? clock : `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${clock}`;
  }

  // One drawing per frame, however much has come. A hidden page draws nothing and misses nothing.
  function draw() {
    if (drawn) return;
    drawn = true;
    requestAnimationFrame(() => { drawn = false; if (!over) render(); });
  }

  function render() {
    const height = measure();
    sizer.style.height = `${height}px`;
    if (following) scroller.scrollTop = height;
    const top = scroller.scrollTop;
    const from = Math.max(log.first, lineAt(top) - OVERSCAN);
    const to = Math.min(log.end, lineAt(top + scroller.clientHeight) + OVERSCAN + 1);
    const there = new Map([...rows.children].map(r => [Number(r.dataset.n), r]));
    for (const [number, row] of there) if (number < from || number >= to) row.remove();
    let after = null;
    for (let n = from; n < to; n++) {
      const row = there.get(n) ?? element(n);
      if (!row.isConnected) after ? after.after(row) : rows.prepend(row);
      row.classList.toggle('ll-current', n === current);
      after = row;
    }
    rows.style.transform = `translateY(${log.length ? tops[from - log.first] : 0}px)`;
    search.update();
    highlight();
    tell();
  }

  function tell() {
    root.dataset.empty = log.length ? '' : 'yes';
    root.dataset.following = following ? 'yes' : '';
    part('follow').setAttribute('aria-pressed', String(following));
    paused.hidden = following;
    part('unseen').textContent = unseen ? `${count(unseen)} new ${unseen === 1 ? 'line' : 'lines'} below` : 'Paused here';
    part('dropped').hidden = !log.dropped;
    part('dropped').textContent = log.dropped ? `The first ${count(log.dropped)} lines were dropped: the page keeps ${count(log.length)}. Download has them all.` : '';
    const at = search.hits.indexOf(current);
    found.textContent = !search.text ? '' : search.hits.length === 0 ? 'none' : at >= 0 ? `${count(at + 1)} of ${count(search.hits.length)}` : count(search.hits.length);
  }

  // Marks without touching the lines' own markup, where the browser can.
  function highlight() {
    if (!globalThis.CSS?.highlights) return;
    CSS.highlights.delete('drover-found');
    if (!search.text) return;
    const ranges = [];
    for (const row of rows.children) {
      const text = row.querySelector('span');
      if (!text) continue;
      const nodes = [];
      let whole = '';
      for (const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT); walker.nextNode();) {
        nodes.push([whole.length, walker.currentNode]);
        whole += walker.currentNode.data;
      }
      const place = at => { const [start, node] = nodes.findLast(([s]) => s <= at); return [node, at - start]; };
      const low = whole.toLowerCase();
      for (let at = low.indexOf(search.text); at >= 0 && ranges.length < 2000; at = low.indexOf(search.text, at + search.text.length)) {
        const range = new Range();
        range.setStart(...place(at));
        const [node, offset] = place(at + search.text.length - 1);
        range.setEnd(node, offset + 1);
        ranges.push(range);
      }
    }
    CSS.highlights.set('drover-found', new Highlight(...ranges));
  }

  function follow(on) {
    if (following !== on) {
      following = on;
      unseen = 0;
    }
    draw();
  }

  function go(number) {
    if (number === null) return;
    current = number;
    following = false;
    measure();
    scroller.scrollTop = Math.max(0, tops[number - log.first] - scroller.clientHeight / 3);
    draw();
  }

  function jump(back) {
    search.update();
    go(search.next(current >= log.first ? current : lineAt(scroller.scrollTop) - 1, back));
  }

  function refit() {
    const probe = document.createElement('span');
    probe.textContent = '0'.repeat(100);
    probe.style.cssText = 'position:absolute;visibility:hidden;white-space:pre';
    rows.append(probe);
    const width = probe.getBoundingClientRect().width / 100;
    probe.remove();
    const gutter = !settings.stamps ? 0 : narrow() ? 13 : 24;
    columns = Math.max(20, Math.floor((scroller.clientWidth - 28) / width) - gutter);
    draw();
  }

  const narrow = () => matchMedia('(max-width: 640px)').matches;

  function restyle() {
    root.classList.toggle('log-wrap', settings.wrap);
    root.classList.toggle('log-stamps', settings.stamps);
    part('stamps').setAttribute('aria-pressed', String(settings.stamps));
    part('wrap').setAttribute('aria-pressed', String(settings.wrap));
    part('lines').value = settings.lines;
    version++;
    rows.replaceChildren();
    refit();
  }

  function begin() {
    close();
    log.clear();
    search.set(search.text);
    [attempt, lostAt, current, unseen, following] = [0, 0, -1, 0, true];
    version++;
    rows.replaceChildren();
    draw();
    connect();
  }

  // All that the server has, not only what is kept here.
  async function download(button) {
    button.disabled = true;
    const label = button.querySelector('span');
    const before = label.textContent;
    try {
      const access = await component.invokeMethodAsync('Ticket', 0, '', false);
      if (access.problem) throw new Error(access.problem);
      const parts = [];
      let size = 0;
      await new Promise((resolve, reject) => {
        const all = dial(access.url, access.token, ['lines']);
        all.onmessage = event => {
          const text = event.data.split('\n').map(l => (l[2] === ' ' ? l.slice(3) : l)).join('\n') + '\n';
          parts.push(new Blob([text]));
          size += text.length;
          label.textContent = `${(size / 1048576).toFixed(1)} MiB…`;
        };
        all.onclose = event => (LOST.has(event.code) ? reject(new Error('The connection was lost on the way.')) : resolve());
      });
      const link = Object.assign(document.createElement('a'), { href: URL.createObjectURL(new Blob(parts, { type: 'text/plain' })), download: `${root.dataset.name}.log` });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    } catch (e) {
      say(`Not downloaded: ${e.message}`);
    } finally {
      label.textContent = before;
      button.disabled = false;
    }
  }

  // What the reader does

  const listeners = new AbortController();
  const on = (target, type, act, options) => target.addEventListener(type, act, { signal: listeners.signal, ...options });
  on(scroller, 'wheel', e => { if (e.deltaY < 0 && scroller.scrollHeight > scroller.clientHeight) follow(false); }, { passive: true });
  let lastTop = 0;
  on(scroller, 'scroll', () => {
    const atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < ROW;
    if (atEnd && scroller.scrollTop > lastTop && !following) follow(true);
    else if (!atEnd && scroller.scrollTop < lastTop - 1 && following && touched) follow(false);
    lastTop = scroller.scrollTop;
    draw();
  }, { passive: true });
  // A scroll by bar, finger or key is the reader's; one by us is not.
  let touched = false;
  on(scroller, 'pointerdown', () => { touched = true; });
  on(scroller, 'touchstart', () => { touched = true; }, { passive: true });
  on(scroller, 'keydown', event => {
    touched = true;
    if (['ArrowUp', 'PageUp', 'Home'].includes(event.key)) follow(false);
    if (event.key === 'End') follow(true);
  });
  on(window, 'pointerup', () => { touched = false; });
  on(part('follow'), 'click', () => follow(!following));
  on(paused, 'click', () => follow(true));
  on(part('stamps'), 'click', () => { settings.stamps = !settings.stamps; remember('stamps', settings.stamps ? 'yes' : 'no'); restyle(); });
  on(part('wrap'), 'click', () => { settings.wrap = !settings.wrap; remember('wrap', settings.wrap ? 'yes' : 'no'); restyle(); });
  on(part('lines'), 'change', event => { settings.lines = event.target.value; remember('lines', settings.lines); begin(); });
  on(part('download'), 'click', event => download(event.currentTarget));
  on(part('search'), 'input', event => { search.set(event.target.value); current = -1; draw(); if (search.hits.length) go(search.next(lineAt(scroller.scrollTop + scroller.clientHeight) + 1, true)); });
  on(part('search'), 'keydown', event => { if (event.key === 'Enter') { event.preventDefault(); jump(event.shiftKey); } });
  on(part('previous'), 'click', () => jump(true));
  on(part('next'), 'click', () => jump(false));
  on(scroller, 'copy', event => {
    // What is selected in the document is only what is drawn; colours and the page's own marks do not belong to it.
    const text = getSelection()?.toString();
    if (text) { event.clipboardData.setData('text/plain', plain(text)); event.preventDefault(); }
  });
  const resize = new ResizeObserver(() => refit());
  resize.observe(scroller);
  restyle();
  connect();

  return {
    // The container runs again.
    resume() { if (!socket && !over) { attempt = 0; connect(); } },
    dispose() {
      over = true;
      close();
      listeners.abort();
      resize.disconnect();
      globalThis.CSS?.highlights?.delete('drover-found');
    },
    // For tests and curious people.
    stats: () => ({ lines: log.length, dropped: log.dropped, most: MOST_LINES, drawn: rows.children.length }),
  };
}
