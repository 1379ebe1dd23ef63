// The official client as the checks use it: what came is a promise, and the one who started the server stops and starts it
// when asked by a line on stdout.
'use strict';
const { createInterface } = require('readline');
const WebSocket = require('ws');
const { assert, inTime } = require('./checks');

const [, , clientPackage, host, transport] = process.argv;
const { Socket, Presence, LongPoll } = require(clientPackage);
const isWebSocket = transport === 'websocket';
const hasTokens = !clientPackage.endsWith('1.7');  // clients of 1.7 have no authToken

const sockets = [];

/// What clients of 1.7 poll with, which Node has not: as much of it as they use.
class Request {
  #abort = new AbortController();
  #headers = {};
  open(method, url) { Object.assign(this, { method, url }); }
  setRequestHeader(name, value) { this.#headers[name] = value; }
  abort() { this.#abort.abort(); }
  async send(body) {
    const late = setTimeout(() => { this.abort(); this.ontimeout?.(); }, this.timeout);
    try {
      const { method, url } = this;
      const answered = await fetch(url, { method, body, headers: this.#headers, signal: this.#abort.signal });
      this.responseText = await answered.text();
      this.status = answered.status;
      this.readyState = 4;
    } catch {
      if (!this.#abort.signal.aborted) this.onerror();
      return;
    } finally {
      clearTimeout(late);
    }
    this.onreadystatechange();
  }
}
if (clientPackage.endsWith('1.7')) globalThis.XMLHttpRequest = Request;

/// A client that has connected, or will. It tries again soon.
function connect(params = {}, options = {}, path = '/socket') {
  const socket = new Socket(`ws://${host}${path}`,
    { transport: isWebSocket ? WebSocket : LongPoll, params, reconnectAfterMs: () => 50, rejoinAfterMs: () => 50, timeout: 20000, ...options });
  sockets.push(socket);
  socket.connect();
  return socket;
}
function disconnectAll() {
  while (sockets.length) sockets.pop().disconnect();
}

/// [status, response] of a push, of a join, of a leave.
const answer = push => new Promise(yes => {
  for (const status of ['ok', 'error', 'maybe', 'timeout']) push.receive(status, response => yes([status, response]));
});
const open = socket => new Promise(yes => { if (socket.isConnected()) yes(); else socket.onOpen(yes); });
const closed = socket => new Promise(yes => socket.onClose(yes));
/// The next payload of an event.
const next = (channel, event) => new Promise(yes => {
  const ref = channel.on(event, payload => { channel.off(event, ref); yes(payload); });
});
/// All payloads of an event, as they come.
function collect(channel, event) {
  const all = [];
  channel.on(event, payload => all.push(payload));
  return all;
}
async function join(socket, topic, params = {}) {
  const channel = socket.channel(topic, params);
  const got = await answer(channel.join());
  assert.strictEqual(got[0], 'ok', `${topic}: ${JSON.stringify(got)}`);
  return channel;
}
/// The channel's next join that is answered ok: behind a crash, or on a new connection. joinPush.receive() would give the
/// answer to the last one.
const rejoined = channel => new Promise(yes => channel.socket.onMessage(({ topic, event, ref, payload }) => {
  if (topic === channel.topic && event === 'phx_reply' && ref === channel.joinPush.ref && payload.status === 'ok') yes();
}));

/// What a person does at the server: `stop`, `kill`, `start`.
const lines = createInterface({ input: process.stdin });
lines.on('close', () => process.exit(1));
function server(verb) {
  const done = new Promise(yes => lines.once('line', yes));
  console.log(`> ${verb}`);
  return inTime(done, `the server: ${verb}`);
}
const post = (path, body = '') => fetch(`http://${host}${path}`, { method: 'POST', body });

const bytes = buffer => Array.from(new Uint8Array(buffer));

module.exports = { Presence, LongPoll, WebSocket, answer, assert, bytes, closed, collect, connect, disconnectAll, hasTokens, host, isWebSocket,
                   join, next, open, post, rejoined, server };
