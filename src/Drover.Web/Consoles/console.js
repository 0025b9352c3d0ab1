// The two consoles of a machine, over the WebSocket that the server names. Bundled with its libraries into wwwroot/lib/console.js at build time.
import RFB from '@novnc/novnc';
import { Terminal } from '@xterm/xterm';
import { FitAddon } from '@xterm/addon-fit';

// The page may know the server by another name than the server knows itself.
function dial(url, token) {
  const at = new URL(url);
  const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${at.pathname}?token=${encodeURIComponent(token)}`, ['binary']);
  socket.binaryType = 'arraybuffer';
  return socket;
}

// Tells the component when the console is there and when, and why, it ended. Once ended, nothing more is told.
function watch(component) {
  let over = false;
  const tell = (method, ...words) => component.invokeMethodAsync(method, ...words).catch(() => { });
  return {
    opened: () => { if (!over) tell('Opened'); },
    ended: reason => { if (!over) { over = true; tell('Ended', reason); } },
    silence: () => { over = true; },
  };
}

const reasonOf = event => event.reason || (event.code === 1000 ? 'The console was closed.' : 'The connection to the server broke.');

export function screen(element, url, token, component) {
  const watcher = watch(component);
  const socket = dial(url, token);
  socket.addEventListener('close', event => watcher.ended(reasonOf(event)));
  const rfb = new RFB(element, socket, { shared: true });
  rfb.scaleViewport = true;
  rfb.background = 'transparent';
  rfb.addEventListener('connect', () => { watcher.opened(); rfb.focus(); });
  rfb.addEventListener('securityfailure', event => watcher.ended(`The screen refuses: ${event.detail.reason ?? 'no reason given'}`));
  return {
    ctrlAltDel() { rfb.sendCtrlAltDel(); rfb.focus(); },
    fullScreen() { full(element); rfb.focus(); },
    dispose() { watcher.silence(); rfb.disconnect(); },
  };
}

export function serial(element, url, token, component) {
  const watcher = watch(component);
  const style = getComputedStyle(element);
  const terminal = new Terminal({ fontSize: 13, fontFamily: style.fontFamily, scrollback: 5000, theme: { background: style.backgroundColor, foreground: style.color, cursor: style.color } });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.open(element);
  const resize = new ResizeObserver(() => fit.fit());
  resize.observe(element);
  const socket = dial(url, token);
  socket.addEventListener('open', () => { watcher.opened(); terminal.focus(); });
  socket.addEventListener('message', event => terminal.write(new Uint8Array(event.data)));
  socket.addEventListener('close', event => watcher.ended(reasonOf(event)));
  const encoder = new TextEncoder();
  terminal.onData(text => { if (socket.readyState === WebSocket.OPEN) socket.send(encoder.encode(text)); });
  return {
    ctrlAltDel() { },
    fullScreen() { full(element); terminal.focus(); },
    dispose() { watcher.silence(); resize.disconnect(); socket.close(); terminal.dispose(); },
  };
}

function full(element) {
  if (document.fullscreenElement) document.exitFullscreen();
  else element.requestFullscreen?.().catch(() => { });
}
