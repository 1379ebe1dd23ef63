// The `ws` package as a client. usage: websocket.js HOST:PORT [behind-proxy]
'use strict';
const { assert, run } = require('./checks');
const WebSocket = require('ws');
const http = require('http');

const host = process.argv[2];
const url = path => `ws://${host}${path}`;

function open(path, protocols = [], options = {}) {
  const socket = new WebSocket(url(path), protocols, options);
  socket.messages = [];
  socket.waiting = [];
  socket.on('message', (data, isBinary) => {
    const waits = socket.waiting.shift();
    if (waits) waits([data, isBinary]); else socket.messages.push([data, isBinary]);
  });
  return new Promise((yes, no) => {
    socket.on('open', () => yes(socket));
    socket.on('error', no);
  });
}
const next = socket => socket.messages.length ? Promise.resolve(socket.messages.shift())
                                              : new Promise(yes => socket.waiting.push(yes));
const closed = socket => new Promise(yes => socket.on('close', (code, reason) => yes([code, reason.toString()])));
const event = (socket, name) => new Promise(yes => socket.once(name, yes));

async function echoes(socket, sent) {
  socket.send(sent);
  const [data, isBinary] = await next(socket);
  assert.strictEqual(isBinary, typeof sent !== 'string');
  assert.ok(Buffer.from(sent).equals(data), `expected ${sent.length} bytes to come back, got ${data.length}`);
}

function get(path) {
  return new Promise((yes, no) => http.get(`http://${host}${path}`, { agent: false }, answer => {
    let text = '';
    answer.on('data', d => { text += d; }).on('end', () => yes(text));
  }).on('error', no));
}
async function becomes(path, wanted) {
  for (let i = 0; i < 500; i++) {
    if (await get(path) === wanted) return;
    await new Promise(yes => setTimeout(yes, 20));
  }
  assert.strictEqual(await get(path), wanted);
}

async function conversation(path, options) {
  const socket = await open(path, [], options);
  await echoes(socket, 'h\u00e9llo \ud83d\ude00');
  await echoes(socket, '');
  await echoes(socket, Buffer.from([0, 255, 128, 7]));
  await echoes(socket, 'x'.repeat(70000));
  await echoes(socket, Buffer.alloc(1 << 20, 'large '));
  await echoes(socket, require('crypto').randomBytes(5 << 20));
  const end = closed(socket);
  socket.close(1000);
  assert.deepStrictEqual((await end)[0], 1000);
  return socket;
}

run({
  async 'text, binary, small and large, without compression'() {
    const socket = await conversation('/ws/plain', { perMessageDeflate: true });
    assert.strictEqual(socket.extensions, '');
  },
  async 'the same with compression'() {
    const socket = await conversation('/ws/echo', { perMessageDeflate: { threshold: 0 } });
    assert.ok(socket.extensions.startsWith('permessage-deflate'), socket.extensions);
  },
  async 'the same with a small window and without context takeover'() {
    await conversation('/ws/echo', { perMessageDeflate: { threshold: 0, clientMaxWindowBits: 10, serverMaxWindowBits: 10,
      clientNoContextTakeover: true, serverNoContextTakeover: true } });
  },
  async 'a client that offers no compression gets none'() {
    const socket = await open('/ws/echo', [], { perMessageDeflate: false });
    assert.strictEqual(socket.extensions, '');
    await echoes(socket, 'plain');
    socket.terminate();
  },
  async 'fragments are one message'() {
    for (const compress of [false, true]) {
      const socket = await open('/ws/echo', [], { perMessageDeflate: { threshold: 0 } });
      for (let i = 0; i < 100; i++) socket.send(`part ${i};`, { fin: i === 99, compress });
      const [data] = await next(socket);
      assert.strictEqual(data.toString(), Array.from({ length: 100 }, (_, i) => `part ${i};`).join(''));
      socket.terminate();
    }
  },
  async 'pings are answered, in the middle of a message too'() {
    const socket = await open('/ws/plain');
    socket.send('one ', { fin: false });
    const pong = event(socket, 'pong');
    socket.ping('are you there');
    assert.strictEqual((await pong).toString(), 'are you there');
    socket.send('two', { fin: true });
    assert.strictEqual((await next(socket))[0].toString(), 'one two');
    socket.pong('nobody asked');
    await echoes(socket, 'still here');
    socket.terminate();
  },
  async 'the first subprotocol that both speak'() {
    for (const [offered, agreed] of [[['chat.v1', 'chat.v2'], 'chat.v1'], [['other', 'chat.v2'], 'chat.v2']]) {
      const socket = await open('/ws/echo', offered);
      assert.strictEqual(socket.protocol, agreed);
      socket.terminate();
    }
    await assert.rejects(open('/ws/echo', ['other']), /subprotocol/i);  // ws wants one of those it offered
  },
  async 'close codes of the client reach the server'() {
    for (const code of [1000, 1001, 3001, 4999]) {
      const socket = await open('/ws/echo');
      const end = closed(socket);
      socket.close(code, 'because \u00fc');
      assert.strictEqual((await end)[0], code);
      await becomes('/notes/websocket_end', `${code} because \u00fc`);
    }
  },
  async 'close codes of the server reach the client'() {
    for (const code of [1000, 1001, 1011, 3001, 4999]) {
      const socket = await open(`/ws/close/${code}`);
      assert.deepStrictEqual(await closed(socket), [code, 'as asked']);
    }
  },
  async 'a client that breaks off is noticed'() {
    const socket = await open('/ws/echo');
    await echoes(socket, 'x');
    socket.terminate();
    await becomes('/notes/websocket_end', '1006 the peer closed the connection without a close frame');
  },
  async 'a message that is too large closes with 1009'() {
    const socket = await open('/ws/small');
    const end = closed(socket);
    socket.send('x'.repeat(1001));
    assert.strictEqual((await end)[0], 1009);
  },
  async 'pages of other sites do not get in'() {
    await assert.rejects(open('/ws/echo', [], { origin: 'https://example.org' }), /403/);
    const socket = await open('/ws/echo', [], { origin: `http://${host}` });
    socket.terminate();
  },
  async 'what is no WebSocket is told so'() {
    await assert.rejects(open('/hello/x'), /200/);
    await assert.rejects(open('/nowhere'), /404/);
  },
  async '100 clients at once'() {
    const sockets = await Promise.all(Array.from({ length: 100 }, () => open('/ws/echo')));
    for (let round = 0; round < 5; round++)
      await Promise.all(sockets.map((s, i) => echoes(s, `client ${i}, round ${round} ${'.'.repeat(i * 50)}`)));
    const ends = sockets.map(closed);
    for (const s of sockets) s.close(1000);
    for (const [code] of await Promise.all(ends)) assert.strictEqual(code, 1000);
  },
  async 'a thousand messages sent at once come back in order'() {
    const socket = await open('/ws/echo');
    for (let i = 0; i < 1000; i++) socket.send(`${i} ${'y'.repeat(i)}`);
    for (let i = 0; i < 1000; i++) assert.strictEqual((await next(socket))[0].toString(), `${i} ${'y'.repeat(i)}`);
    socket.terminate();
  },
});
