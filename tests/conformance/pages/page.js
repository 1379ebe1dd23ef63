// What a browser does with the server it was loaded from. What came of it is posted to /notes/browser, as {name: "ok" or why}.
'use strict';

function expectSame(got, expected) {
  if (JSON.stringify(got) !== JSON.stringify(expected))
    throw new Error(`expected ${JSON.stringify(expected)}, got ${JSON.stringify(got)}`);
}
const event = (from, name) => new Promise(yes => from.addEventListener(name, yes, { once: true }));
const bytes = buffer => Array.from(new Uint8Array(buffer));

async function opened(path, protocols = [], host = location.host) {
  const socket = new WebSocket(`ws://${host}${path}`, protocols);
  socket.binaryType = 'arraybuffer';
  await Promise.race([event(socket, 'open'), event(socket, 'close').then(e => { throw new Error(`closed with ${e.code}`); })]);
  return socket;
}
async function answered(socket, sent) {
  const got = event(socket, 'message');
  socket.send(sent);
  return (await got).data;
}

const checks = {
  async websocket() {
    const socket = await opened('/ws/echo', ['chat.v1']);
    expectSame([socket.protocol, socket.extensions.split(';')[0]], ['chat.v1', 'permessage-deflate']);
    expectSame(await answered(socket, 'h\u00e9llo \ud83d\ude00'), 'h\u00e9llo \ud83d\ude00');
    expectSame(bytes(await answered(socket, Uint8Array.of(0, 255, 7))), [0, 255, 7]);
    const large = 'large '.repeat(200000);
    expectSame(await answered(socket, large) === large, true);
    const end = event(socket, 'close');
    socket.close(3001, 'done');
    const { code, wasClean } = await end;
    expectSame([code, wasClean], [3001, true]);
  },
  async websocket_without_compression() {
    const socket = await opened('/ws/plain');
    expectSame(socket.extensions, '');
    const noise = crypto.getRandomValues(new Uint8Array(65536));
    expectSame(bytes(await answered(socket, noise)), Array.from(noise));
    socket.close();
  },
  async websocket_closed_by_the_server() {
    const socket = new WebSocket(`ws://${location.host}/ws/close/4001`);
    const { code, reason, wasClean } = await event(socket, 'close');
    expectSame([code, reason, wasClean], [4001, 'as asked', true]);
  },
  async websocket_of_another_site_is_refused() {
    const socket = new WebSocket(`ws://localhost:${location.port}/ws/echo`);  // this page is of 127.0.0.1
    expectSame((await event(socket, 'close')).code, 1006);
  },
  async json() {
    const answer = await fetch('/json');
    expectSame([answer.status, answer.headers.get('Content-Type'), await answer.json()],
               [200, 'application/json', { bytes: 7, adler32: 8 }]);
  },
  async a_body_that_comes_piece_by_piece() {
    const reader = (await fetch('/lines/100000')).body.getReader();
    let size = 0;
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) size += piece.value.length;
    expectSame(size, 900000);
  },
  async a_fetch_that_is_aborted() {
    const abort = new AbortController();
    const reader = (await fetch('/endless', { signal: abort.signal })).body.getReader();
    await reader.read();
    abort.abort();
    let count = '1';
    for (let i = 0; i < 500 && count !== '0'; i++) {
      await new Promise(yes => setTimeout(yes, 20));
      count = await (await fetch('/endless/count', { cache: 'no-store' })).text();
    }
    expectSame(count, '0');
  },
  async a_large_body_that_is_posted() {
    const answer = await fetch('/receive', { method: 'POST', body: new Blob([new Uint8Array(3000000)]) });
    expectSame((await answer.json()).bytes, 3000000);
  },
  async what_is_in_the_cache_is_not_sent_again() {
    const url = new URL('lines.txt', location.href).href;
    const once = async () => {
      performance.clearResourceTimings();
      const text = await (await fetch(url)).text();
      let seen = [];
      while (!(seen = performance.getEntriesByName(url)).length) await new Promise(yes => setTimeout(yes, 10));
      return [text.length, seen[0].transferSize > seen[0].encodedBodySize];
    };
    const first = await once();
    expectSame([first[0] > 100000, first[1]], [true, true]);
    expectSame(await once(), [first[0], false]);  // asked for, and only the head came: 304
  },
  async files_that_are_compressed() {
    const answer = await fetch('packed.txt');
    expectSame([answer.headers.get('Content-Encoding'), await answer.text()], ['gzip', 'unpacked by the browser']);
  },
  async cookies_that_scripts_do_not_see() {
    await fetch('/login');
    expectSame([document.cookie, await (await fetch('/session')).text()], ['', 's3cret']);
  },
  async pages_of_errors() {
    expectSame([(await fetch('/nowhere')).status, (await fetch('/hello/x', { method: 'DELETE' })).status], [404, 405]);
  },
};

(async () => {
  const report = {};
  for (const [name, check] of Object.entries(checks)) {
    let timer;
    const late = new Promise((_, no) => { timer = setTimeout(() => no(new Error('expected an end in time')), 30000); });
    report[name] = await Promise.race([check(), late]).then(() => 'ok', e => String(e.stack || e));
    clearTimeout(timer);
  }
  await fetch('/notes/browser', { method: 'POST', body: JSON.stringify(report) });
})();
