// A command in a container, by Kubernetes' channels: the first byte of each message says which.
import { dial, reasonOf } from '../Consoles/socket.js';
import { full, terminalIn, watch } from '../Consoles/terminal.js';

const [STDIN, STDOUT, STDERR, END, RESIZE] = [0, 1, 2, 3, 4];

export function shell(element, url, token, component) {
  const watcher = watch(component);
  const { terminal, dispose } = terminalIn(element);
  const socket = dial(url, token, ['v5.channel.k8s.io']);
  const encoder = new TextEncoder();
  const send = (channel, bytes) => {
    if (socket.readyState !== WebSocket.OPEN) return;
    const message = new Uint8Array(bytes.length + 1);
    message[0] = channel;
    message.set(bytes, 1);
    socket.send(message);
  };
  const resized = () => send(RESIZE, encoder.encode(JSON.stringify({ Width: terminal.cols, Height: terminal.rows })));
  let end = '';
  socket.addEventListener('open', () => { watcher.opened(); resized(); terminal.focus(); });
  socket.addEventListener('message', event => {
    const message = new Uint8Array(event.data);
    const body = message.subarray(1);
    if (message[0] === STDOUT || message[0] === STDERR) terminal.write(body);
    else if (message[0] === END) end = told(new TextDecoder().decode(body));
  });
  socket.addEventListener('close', event => watcher.ended(end || reasonOf(event, 'The shell has ended.')));
  terminal.onData(text => send(STDIN, encoder.encode(text)));
  terminal.onBinary(text => send(STDIN, Uint8Array.from(text, c => c.charCodeAt(0))));
  terminal.onResize(resized);
  return {
    fullScreen() { full(element); terminal.focus(); },
    dispose() { watcher.silence(); socket.close(); dispose(); },
  };
}

// Kubernetes' Status as a sentence.
export function told(json) {
  let status;
  try { status = JSON.parse(json); } catch { return ''; }
  if (status.status === 'Success') return 'The command has ended with exit code 0.';
  const code = status.details?.causes?.find(c => c.reason === 'ExitCode')?.message;
  if (status.reason !== 'NonZeroExitCode') return status.message || 'The command could not be run.';
  const why = { 126: ': it cannot be run', 127: ': there is no such command in the image', 137: ': it was killed', 143: ': it was ended' }[code] ?? '';
  return `The command has ended with exit code ${code ?? 'unknown'}${why}.`;
}
