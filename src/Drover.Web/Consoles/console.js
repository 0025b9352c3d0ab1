// The two consoles of a machine, over the WebSocket that the server names. Bundled with its libraries into wwwroot/lib/console.js at build time.
import RFB from '@novnc/novnc';
import { dial, reasonOf as reason } from './socket.js';
import { full, terminalIn, watch } from './terminal.js';

export { shell } from '../Container/shell.js';

const reasonOf = event => reason(event, 'The console was closed.');

export function screen(element, url, token, component) {
  const watcher = watch(component);
  const socket = dial(url, token, ['binary']);
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
  const { terminal, dispose } = terminalIn(element);
  const socket = dial(url, token, ['binary']);
  socket.addEventListener('open', () => { watcher.opened(); terminal.focus(); });
  socket.addEventListener('message', event => terminal.write(new Uint8Array(event.data)));
  socket.addEventListener('close', event => watcher.ended(reasonOf(event)));
  const encoder = new TextEncoder();
  terminal.onData(text => { if (socket.readyState === WebSocket.OPEN) socket.send(encoder.encode(text)); });
  return {
    ctrlAltDel() { },
    fullScreen() { full(element); terminal.focus(); },
    dispose() { watcher.silence(); socket.close(); dispose(); },
  };
}
