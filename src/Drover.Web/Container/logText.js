// The text of a container's log: what comes over the wire as lines, kept within bounds, without doubled ones after a lost connection.
// No browser is needed here: the tests run it as it is.

export const MOST_LINES = 50_000;
export const MOST_CHARACTERS = 32 * 1024 * 1024;

const STREAMS = { '00': 'both', '01': 'out', '02': 'err' };
const STAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d) ?/;

// Whole escape sequences that are no colours, and pieces of cut ones.
// eslint-disable-next-line no-control-regex
const OTHER_ESCAPES = /\x1b\[(?![\d;:]*m)[\x20-\x3f]*[\x40-\x7e]?|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[PX^_][^\x1b]*(?:\x1b\\)?|\x1b(?!\[)[\x20-\x2f]*[\x30-\x7e]?|\x1b$/g;
// eslint-disable-next-line no-control-regex
const COLOURS = /\x1b\[[\d;:]*m/g;
// eslint-disable-next-line no-control-regex
const CONTROLS = /[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f]/g;

// One line of the wire: stream, time stamp with nine digits (so that texts compare as times), text.
export function parse(wire) {
  const stream = STREAMS[wire.slice(0, 2)] ?? 'both';
  const rest = wire[2] === ' ' ? wire.slice(3) : wire;
  const stamp = STAMP.exec(rest);
  if (!stamp) return { stream, at: '', text: rest };
  const at = stamp[3] === 'Z' ? `${stamp[1]}.${(stamp[2] ?? '').padEnd(9, '0')}Z` : `${new Date(stamp[0].trim()).toISOString().slice(0, 19)}.${(stamp[2] ?? '').padEnd(9, '0')}Z`;
  return { stream, at, text: rest.slice(stamp[0].length) };
}

// What can be shown: colours stay, other sequences go, control characters become visible, and a progress bar is its last state.
export function clean(text) {
  let shown = text.endsWith('\r') ? text.slice(0, -1) : text;
  const again = shown.lastIndexOf('\r');
  if (again >= 0) shown = shown.slice(again + 1);
  if (shown.includes('\x1b')) shown = shown.replace(OTHER_ESCAPES, '');
  return shown.replace(CONTROLS, c => { const code = c.charCodeAt(0); return code < 32 ? String.fromCharCode(0x2400 + code) : code === 127 ? '\u2421' : '\ufffd'; });
}

export const plain = text => (text.includes('\x1b') ? text.replace(COLOURS, '') : text);

// The last lines, numbered for ever: a line keeps its number when older ones are dropped.
export class LogText {
  constructor(mostLines = MOST_LINES, mostCharacters = MOST_CHARACTERS) {
    this.mostLines = mostLines;
    this.mostCharacters = mostCharacters;
    this.clear();
  }

  clear() {
    this.lines = [];
    this.head = 0;
    this.first = 0;
    this.characters = 0;
    this.dropped = 0;
    this.last = '';
    this.atLast = [];
    this.repeats = null;
  }

  get length() { return this.lines.length - this.head; }

  get end() { return this.first + this.length; }

  get(number) { return this.lines[this.head + number - this.first]; }

  // A message of the wire: one line, or several with line feeds between. Returns how many are new.
  take(message) {
    let added = 0;
    for (let start = 0; start < message.length;) {
      let end = message.indexOf('\n', start);
      if (end < 0) end = message.length;
      if (end > start && this.#takeLine(parse(message.slice(start, end)))) added++;
      start = end + 1;
    }
    return added;
  }

  // A line of ours between those of the container.
  mark(text) { this.#add({ stream: 'mark', at: '', text }); }

  // From now on the server repeats what it sent since `last`: those lines are not taken again.
  expectRepeats() { this.repeats = this.last ? [...this.atLast] : null; }

  #takeLine(line) {
    if (this.repeats !== null && line.at) {
      if (line.at < this.last) return false;
      if (line.at === this.last) {
        const known = this.repeats.indexOf(line.text);
        if (known >= 0) {
          this.repeats.splice(known, 1);
          return false;
        }
      } else this.repeats = null;
    }
    if (line.at > this.last) {
      this.last = line.at;
      this.atLast = [line.text];
    } else if (line.at && line.at === this.last) this.atLast.push(line.text);
    line.text = clean(line.text);
    this.#add(line);
    return true;
  }

  #add(line) {
    this.lines.push(line);
    this.characters += line.text.length;
    while (this.length > this.mostLines || (this.characters > this.mostCharacters && this.length > 1)) {
      this.characters -= this.lines[this.head].text.length;
      this.lines[this.head++] = undefined;
      this.first++;
      this.dropped++;
    }
    if (this.head > 8192 && this.head > this.lines.length / 2) {
      this.lines = this.lines.slice(this.head);
      this.head = 0;
    }
  }
}

// Where a text occurs, by line; brought up to date with what was added and dropped since.
export class LogSearch {
  constructor(log) {
    this.log = log;
    this.set('');
  }

  set(text) {
    this.text = text.toLowerCase();
    this.hits = [];
    this.from = this.log.first;
    this.update();
  }

  update() {
    if (!this.text) return;
    let gone = 0;
    while (gone < this.hits.length && this.hits[gone] < this.log.first) gone++;
    if (gone) this.hits.splice(0, gone);
    for (let n = Math.max(this.from, this.log.first); n < this.log.end; n++) {
      if (plain(this.log.get(n).text).toLowerCase().includes(this.text)) this.hits.push(n);
    }
    this.from = this.log.end;
  }

  // The hit after (or before) a line, around the end.
  next(line, back) {
    if (!this.hits.length) return null;
    if (back) return this.hits.findLast(n => n < line) ?? this.hits.at(-1);
    return this.hits.find(n => n > line) ?? this.hits[0];
  }
}
