// The WebSocket that Node brings itself (undici), where it has one: exit code 77 where not. usage: own_websocket.js HOST:PORT
'use strict';
const { assert, run } = require('./checks');
const flag = '--experimental-websocket';  // Node 20 has it behind a flag
if (typeof WebSocket === 'undefined' && process.execArgv.length === 0 && process.allowedNodeEnvironmentFlags.has(flag)) {
  const again = require('child_process').spawnSync(process.execPath, [flag, ...process.argv.slice(1)], { stdio: 'inherit' });
  process.exit(again.status === null ? 1 : again.status);
}
if (typeof WebSocket === 'undefined') {
  console.log(`Node ${process.version} has no WebSocket of its own`);
  process.exit(77);
}

run({
  async 'text, binary, subprotocol and close'() {
    const socket = new WebSocket(`ws://${process.argv[2]}/ws/echo`, ['chat.v1']);
    socket.binaryType = 'arraybuffer';
    const event = name => new Promise(yes => socket.addEventListener(name, yes, { once: true }));
    await event('open');
    assert.strictEqual(socket.protocol, 'chat.v1');
    for (const sent of ['h\u00e9llo', 'x'.repeat(1 << 20)]) {
      const got = event('message');
      socket.send(sent);
      assert.strictEqual((await got).data, sent);
    }
    const bytes = Uint8Array.from({ length: 100000 }, (_, i) => i);
    const got = event('message');
    socket.send(bytes);
    assert.ok(Buffer.from((await got).data).equals(Buffer.from(bytes)));
    const end = event('close');
    socket.close(3001, 'done');
    const { code, wasClean } = await end;
    assert.deepStrictEqual([code, wasClean], [3001, true]);
  },
});
