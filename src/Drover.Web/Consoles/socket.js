// What the pages' WebSockets have in common.

// The page may know the server by another name than the server knows itself.
export function dial(url, token, protocols) {
  const at = new URL(url);
  const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${at.pathname}?token=${encodeURIComponent(token)}`, protocols);
  socket.binaryType = 'arraybuffer';
  return socket;
}

// Closes that nobody wanted: no close frame, the server goes away, or something between.
export const LOST = new Set([1001, 1005, 1006, 1011, 1012, 1013, 1014]);

export const reasonOf = (event, usual) => event.reason || (event.code === 1000 ? usual : 'The connection to the server broke.');

// Pauses between attempts: 0.5 s doubled up to 15 s, each from its upper half.
export const jitter = attempt => Math.min(15_000, 500 * 2 ** Math.min(attempt - 1, 10)) * (0.5 + Math.random() / 2);
