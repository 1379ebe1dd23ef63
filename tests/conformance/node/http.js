// Node's own client of HTTP, and requests in a pipeline by hand. usage: http.js HOST:PORT
'use strict';
const { assert, run } = require('./checks');
const http = require('http');
const net = require('net');

const [hostname, port] = process.argv[2].split(':');

function ask(options, body) {
  return new Promise((yes, no) => {
    const asked = http.request({ hostname, port, ...options }, answer => {
      const parts = [], local = answer.socket.localPort;
      answer.on('data', d => parts.push(d));
      answer.on('end', () => yes({ status: answer.statusCode, fields: answer.headers, body: Buffer.concat(parts),
                                   port: local }));
      answer.on('error', no);
    });
    asked.on('error', no);
    asked.end(body);
  });
}

/// All that comes until the server closes.
function raw(text) {
  return new Promise((yes, no) => {
    const parts = [];
    const socket = net.connect(port, hostname, () => socket.write(text));
    socket.on('data', d => parts.push(d)).on('end', () => yes(Buffer.concat(parts).toString())).on('error', no);
  });
}

run({
  async 'an agent keeps its connections'() {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
    const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => ask({ path: `/hello/${i}`, agent })));
    answers.forEach((a, i) => assert.strictEqual(a.body.toString(), `hello ${i}`));
    assert.ok(new Set(answers.map(a => a.port)).size <= 4, 'expected four connections for 200 requests');
    const posted = await Promise.all(Array.from({ length: 50 }, (_, i) =>
      ask({ path: '/echo', method: 'POST', agent }, Buffer.alloc(i * 1000, i))));
    posted.forEach((a, i) => assert.ok(a.body.equals(Buffer.alloc(i * 1000, i))));
    agent.destroy();
  },
  async 'a body in chunks both ways'() {
    const asked = http.request({ hostname, port, path: '/receive', method: 'POST', agent: false });
    const answer = new Promise((yes, no) => asked.on('response', yes).on('error', no));
    for (let i = 0; i < 1000; i++) asked.write('piece of a body ');
    asked.end();
    let told = '';
    for await (const d of await answer) told += d;
    assert.strictEqual(JSON.parse(told).bytes, 16000);
    const lines = await ask({ path: '/lines/100000', agent: false });
    assert.strictEqual(lines.body.length, 900000);
    assert.strictEqual(lines.fields['transfer-encoding'], 'chunked');
  },
  async 'Expect is answered before the body is sent'() {
    const asked = http.request({ hostname, port, path: '/echo', method: 'POST', agent: false,
                                 headers: { Expect: '100-continue', 'Content-Length': 5 } });
    const answer = new Promise((yes, no) => asked.on('response', yes).on('error', no));
    const goOn = new Promise(yes => asked.on('continue', yes));
    asked.flushHeaders();
    await goOn;
    asked.end('hello');
    let told = '';
    for await (const d of await answer) told += d;
    assert.strictEqual(told, 'hello');
  },
  async 'requests in a pipeline are answered in order'() {
    let text = '';
    for (let i = 0; i < 100; i++) text += `GET /hello/${i} HTTP/1.1\r\nHost: x\r\n\r\n`;
    text += 'POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n';
    text += 'GET /hello/last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
    const got = await raw(text);
    const named = [...got.matchAll(/hello (\d+|last)/g)].map(m => m[1]);
    assert.deepStrictEqual(named, [...Array.from({ length: 100 }, (_, i) => `${i}`), 'last']);
    assert.strictEqual((got.match(/HTTP\/1\.1 200 OK\r\n/g) || []).length, 102);
  },
  async 'a client that leaves in the middle ends what is made for it'() {
    const asked = http.get({ hostname, port, path: '/endless', agent: false });
    asked.on('error', () => {});
    const answer = await new Promise(yes => asked.on('response', yes));
    await new Promise(yes => answer.once('data', yes));
    asked.destroy();
    for (let i = 0; i < 500; i++) {
      if ((await ask({ path: '/endless/count', agent: false })).body.toString() === '0') return;
      await new Promise(yes => setTimeout(yes, 20));
    }
    assert.fail('expected the endless body to have ended');
  },
});
