// WebSockets that are open while their server stops. Says `open`, and then how they ended. usage: stop.js HOST:PORT
'use strict';
const WebSocket = require('ws');
const sockets = Array.from({ length: 10 }, () => new WebSocket(`ws://${process.argv[2]}/ws/echo`));
let opened = 0, ended = 0;
for (const socket of sockets) {
  socket.on('open', () => { if (++opened === sockets.length) console.log('open'); });
  socket.on('close', code => {
    console.log(code);
    if (++ended === sockets.length) process.exit(0);
  });
}
