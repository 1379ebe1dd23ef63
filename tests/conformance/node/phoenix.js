// The official client, unmodified, drives each of its features, by either transport.
// usage: phoenix.js PACKAGE HOST:PORT websocket|longpoll. Exit code 77: the server has no long polls.
'use strict';
globalThis.self ??= globalThis;  // where the client of 1.7 looks for fetch
const { run } = require('./checks');
const c = require('./phoenix_client');
const { assert } = c;

const same = (got, expected) => assert.deepStrictEqual(got, expected);

/// Two who have joined a room.
async function two(topic) {
  const [ann, bob] = [c.connect({ user: 'ann' }), c.connect({ user: 'bob' })];
  return [await c.join(ann, topic), await c.join(bob, topic)];
}

/// A function that waits until a client's Presence has these: users, each with the statuses of its metas, in any order.
function seen(presence) {
  const now = () => JSON.stringify(presence.list((user, { metas }) => [user, metas.map(m => m.status).sort()]).sort());
  const waiting = [];
  presence.onSync(() => waiting.forEach(look => look()));
  return expected => new Promise(yes => {
    const wanted = JSON.stringify(Object.entries(expected));
    const look = () => { if (now() === wanted) yes(); };
    waiting.push(look);
    look();
  });
}

const checks = {
  async params_of_the_socket_say_who_it_is() {
    const room = await c.join(c.connect({ user: 'zo\u00eb & co' }), 'room:1');
    same(await c.answer(room.push('whoami')), ['ok', { reason: 'zo\u00eb & co' }]);
  },
  async a_token_comes_beside_the_url() {
    const room = await c.join(c.connect({}, { authToken: 'token of ann' }), 'room:1');
    const [, { reason }] = await c.answer(room.push('whoami'));
    same(reason, c.hasTokens ? 'bearer of token of ann' : '');
  },
  async a_socket_that_is_refused_hears_an_error_and_tries_again() {
    const socket = c.connect({ token: 'bad' });
    const errors = [];
    await new Promise(yes => socket.onError(e => { if (errors.push(e) === 2) yes(); }));
    assert.match(String(errors[0].message ?? errors[0]), /403/);
    assert(!socket.isConnected());
  },
  async a_page_of_another_site_gets_no_socket() {
    class Elsewhere extends c.WebSocket {
      constructor(url, protocols) { super(url, protocols, { origin: 'http://elsewhere.example' }); }
    }
    const socket = c.connect({}, { transport: Elsewhere });
    const error = await new Promise(yes => socket.onError(yes));
    assert.match(error.message, /403/);
  },
  async a_join_is_answered_with_what_the_channel_says() {
    const socket = c.connect({ user: 'ann' });
    const golden = socket.channel('golden:1', { since: 7, 'a b': [null, 1.5] });
    same(await c.answer(golden.join()), ['ok', { echo: { since: 7, 'a b': [null, 1.5] } }]);
  },
  async a_join_that_is_refused_or_crashes_is_tried_again() {
    const socket = c.connect();
    for (const [topic, reason] of [['golden:private', 'unauthorized'], ['golden:raise', 'join crashed'], ['none:1', 'unmatched topic']]) {
      const channel = socket.channel(topic);
      const told = [];
      const push = channel.join();
      await new Promise(yes => push.receive('error', response => { if (told.push(response) === 2) yes(); }));
      same(told, [{ reason }, { reason }]);
      channel.leave();
    }
    await c.join(socket, 'golden:1');
  },
  async a_push_is_answered_ok_error_or_as_the_channel_likes() {
    const golden = await c.join(c.connect(), 'golden:1');
    same(await c.answer(golden.push('ok', {})), ['ok', {}]);
    same(await c.answer(golden.push('echo', { text: '\u00e9\u2028\ud83d\ude00', deep: [{ x: null }] })),
         ['ok', { text: '\u00e9\u2028\ud83d\ude00', deep: [{ x: null }] }]);
    same(await c.answer(golden.push('error', {})), ['error', { reason: 'no' }]);
    same(await c.answer(golden.push('error_bare', {})), ['error', {}]);
    same(await c.answer(golden.push('custom_status', {})), ['maybe', { a: 1 }]);
    same(await c.answer(golden.push('later', { n: 1 })), ['ok', { n: 1 }]);
  },
  async a_push_that_is_not_answered_times_out() {
    const golden = await c.join(c.connect(), 'golden:1');
    same((await c.answer(golden.push('noreply', {}, 100)))[0], 'timeout');
    same(await c.answer(golden.push('ok', {})), ['ok', {}]);
  },
  async a_push_before_the_join_is_answered_waits_for_it() {
    const golden = c.connect().channel('golden:1');
    golden.join();
    same(await c.answer(golden.push('echo', { early: true })), ['ok', { early: true }]);
  },
  async what_is_wrong_with_an_event_is_an_error_and_no_crash() {
    const room = await c.join(c.connect(), 'room:1');
    const [status, response] = await c.answer(room.push('new_msg', { body: 7 }));
    same([status, response.reason, response.errors[0].pointer], ['error', 'invalid payload', '/body']);
    same(await c.answer(room.push('ping', { still: 'here' })), ['ok', { still: 'here' }]);
  },
  async a_broadcast_reaches_all_in_order() {
    const both = await two('room:2');
    const heard = both.map(room => c.collect(room, 'new_msg'));
    for (let i = 0; i < 100; i++) both[0].push('new_msg', { body: `${i}` });
    const all = Array.from({ length: 100 }, (_, i) => ({ body: `${i}` }));
    for (const room of both) await c.answer(room.push('ping', {}));
    while (heard[1].length < 100) await c.next(both[1], 'new_msg');
    same(heard, [all, all]);
  },
  async broadcast_from_reaches_all_but_the_sender() {
    const [ann, bob] = await two('golden:2');
    const own = c.collect(ann, 'from_me');
    const heard = c.next(bob, 'from_me');
    ann.push('from_me', { x: 1 });
    same(await heard, { x: 1 });
    same(await c.answer(ann.push('ok', {})), ['ok', {}]);
    same(own, []);
  },
  async a_broadcast_of_the_program_reaches_the_topic() {
    const [ann, bob] = await two('room:3');
    const heard = Promise.all([c.next(ann, 'notice'), c.next(bob, 'notice')]);
    await c.post('/say/room:3', 'closing time');
    same(await heard, [{ text: 'closing time' }, { text: 'closing time' }]);
  },
  async an_intercepted_broadcast_is_told_to_each_in_its_own_way() {
    const [ann, bob] = await two('golden:3');
    const heard = Promise.all([c.next(ann, 'intercepted'), c.next(bob, 'intercepted')]);
    ann.push('intercept_me', { x: 1 });
    same((await heard).map(h => h.seen_by), ['ann', 'bob']);
  },
  async many_channels_share_a_socket() {
    const socket = c.connect();
    const rooms = await Promise.all(Array.from({ length: 20 }, (_, i) => c.join(socket, `room:many${i}`)));
    const heard = rooms.map(room => c.collect(room, 'new_msg'));
    rooms[7].push('new_msg', { body: 'seven' });
    for (const room of rooms) await c.answer(room.push('ping', {}));
    same(heard.map(h => h.length), rooms.map((_, i) => i === 7 ? 1 : 0));
  },
  async leave_and_join_again() {
    const [ann, bob] = await two('room:4');
    const gone = new Promise(yes => ann.onClose(yes));
    same(await c.answer(ann.leave()), ['ok', {}]);
    await gone;
    const heard = c.collect(ann, 'new_msg');
    bob.push('new_msg', { body: 'alone' });
    await c.answer(bob.push('ping', {}));
    const again = await c.join(ann.socket, 'room:4');
    const told = c.next(again, 'new_msg');
    bob.push('new_msg', { body: 'both' });
    same(await told, { body: 'both' });
    same(heard, []);
  },
  async who_joins_a_topic_twice_leaves_it_first() {
    const socket = c.connect();
    const first = await c.join(socket, 'room:5');
    const gone = new Promise(yes => first.onClose(yes));
    const second = await c.join(socket, 'room:5');
    await gone;
    same(await c.answer(second.push('ping', { n: 2 })), ['ok', { n: 2 }]);
  },
  async a_channel_that_crashes_is_joined_again_and_others_go_on() {
    const socket = c.connect();
    const room = await c.join(socket, 'room:6');
    const other = await c.join(socket, 'golden:6');
    const errors = [];
    other.onError(e => errors.push(e));
    const crashed = new Promise(yes => room.onError(yes));
    const back = c.rejoined(room);
    room.push('on purpose', {});
    await crashed;
    await back;
    same(await c.answer(room.push('ping', { n: 3 })), ['ok', { n: 3 }]);
    same(await c.answer(other.push('ok', {})), ['ok', {}]);
    same(errors, []);
  },
  async a_channel_that_stops_is_closed_and_not_joined_again() {
    const golden = await c.join(c.connect(), 'golden:7');
    const gone = new Promise(yes => golden.onClose(yes));
    golden.push('stop', {});
    await gone;
    same(golden.state, 'closed');
  },
  async bytes_go_both_ways() {
    const [ann, bob] = await two('golden:8');
    const sent = Uint8Array.from({ length: 70 }, (_, i) => i * 3).buffer;
    const [status, echoed] = await c.answer(ann.push('bin_echo', sent));
    same([status, c.bytes(echoed)], ['ok', c.bytes(sent)]);
    const heard = c.next(bob, 'bin_bcast');
    ann.push('bin_bcast', sent);
    same(c.bytes(await heard), c.bytes(sent));
    const pushed = c.next(ann, 'pushed_bin');
    ann.push('push_bin', {});
    same(c.bytes(await pushed), [0, 1, 2, 0xfd, 0xfe, 0xff]);
    const [, none] = await c.answer(ann.push('bin_echo', new ArrayBuffer(0)));
    same(none.byteLength, 0);
  },
  async presence_is_the_same_at_each_client() {
    const users = ['ann', 'bob', 'bob'];
    const rooms = [];
    for (const user of users) {
      const room = c.connect({ user }).channel('presence:1');
      const presence = new c.Presence(room);
      rooms.push({ room, presence, seen: seen(presence) });
      await c.answer(room.join());
    }
    const all = expected => Promise.all(rooms.map(({ seen }) => seen(expected)));
    await all({ ann: ['online'], bob: ['online', 'online'] });
    await c.answer(rooms[1].room.push('status', { status: 'away' }));
    await all({ ann: ['online'], bob: ['away', 'online'] });
    rooms.shift().room.leave();
    await all({ bob: ['away', 'online'] });
    rooms.shift().room.socket.disconnect();
    await all({ bob: ['online'] });
    await c.server('kill');
    await c.server('start');
    const late = c.connect({ user: 'carl' }).channel('presence:1');
    const presence = new c.Presence(late);
    rooms.push({ room: late, presence, seen: seen(presence) });
    late.join();
    await all({ bob: ['online'], carl: ['online'] });
  },
  async heartbeats_keep_a_socket_open() {
    const socket = c.connect({}, { heartbeatIntervalMs: 200 }, '/awake');
    let beats = 0;
    const enough = new Promise(yes => socket.onMessage(m => { if (m.topic === 'phoenix' && ++beats === 15) yes(); }));
    const ends = [];
    socket.onClose(e => ends.push(e.code));
    await enough;
    same([socket.isConnected(), ends], [true, []]);
  },
  async a_socket_without_heartbeats_is_closed() {
    const socket = c.connect({}, { heartbeatIntervalMs: 60000 }, '/awake');
    const end = await c.closed(socket);
    assert(end.wasClean);
  },
  async ping_tells_the_time_of_a_round_trip() {
    const socket = c.connect();
    await c.open(socket);
    const took = await new Promise(yes => socket.ping(yes));
    assert(took >= 0);
  },
  async a_client_that_disconnects_stays_away_until_it_connects() {
    const socket = c.connect();
    const room = await c.join(socket, 'room:9');
    await new Promise(yes => socket.disconnect(yes));
    assert(!socket.isConnected());
    const back = c.rejoined(room);
    socket.connect();
    await back;
    same(await c.answer(room.push('ping', {})), ['ok', {}]);
  },
  async disconnecting_a_user_closes_each_of_its_sockets_and_they_come_back() {
    const [one, two, other] = [c.connect({ user: 'eve' }), c.connect({ user: 'eve' }), c.connect({ user: 'dan' })];
    const rooms = [await c.join(one, 'room:10'), await c.join(two, 'room:10')];
    await c.join(other, 'room:10');
    const ends = [];
    other.onClose(e => ends.push(e.code));
    const closed = Promise.all([c.closed(one), c.closed(two)]);
    const back = Promise.all(rooms.map(c.rejoined));
    await c.post('/disconnect/eve');
    // Not 1000: from that, clients before 1.8 do not come back.
    const codes = (await closed).map(e => e.code);
    if (c.isWebSocket) same(codes, [1001, 1001]);
    await back;
    same(ends, []);
  },
  async a_message_that_is_too_large_closes_the_socket_which_comes_back() {
    const socket = c.connect();
    const room = await c.join(socket, 'room:11');
    same((await c.answer(room.push('ping', { text: 'x'.repeat(60000) })))[0], 'ok');
    const end = c.closed(socket);
    const back = c.rejoined(room);
    room.push('ping', { text: 'x'.repeat(70000) });
    same((await end).code, 1009);
    await back;
    same(await c.answer(room.push('ping', {})), ['ok', {}]);
  },
  async a_server_that_stops_says_so_and_clients_come_back_to_the_next() {
    const socket = c.connect();
    const room = await c.join(socket, 'room:12');
    const end = c.closed(socket);
    await c.server('stop');
    const { code } = await end;
    if (c.isWebSocket) same(code, 1001);
    const waits = c.answer(room.push('ping', { sent: 'meanwhile' }));
    const back = c.rejoined(room);
    await c.server('start');
    await back;
    same(await waits, ['ok', { sent: 'meanwhile' }]);
  },
  async a_server_that_is_killed_leaves_clients_that_come_back_to_the_next() {
    const [ann, bob] = await two('room:13');
    const back = Promise.all([c.rejoined(ann), c.rejoined(bob)]);
    const end = c.closed(ann.socket);
    await c.server('kill');
    const { code } = await end;
    if (c.isWebSocket) same(code, 1006);
    await c.server('start');
    await back;
    const heard = c.next(bob, 'new_msg');
    ann.push('new_msg', { body: 'again' });
    same(await heard, { body: 'again' });
  },
};

/// What a long poll has not: bytes to the client, heartbeats, an Origin that Node may set, and messages that end a connection.
const ofWebSockets = ['bytes_go_both_ways', 'a_page_of_another_site_gets_no_socket', 'heartbeats_keep_a_socket_open',
                      'a_socket_without_heartbeats_is_closed',
                      'a_message_that_is_too_large_closes_the_socket_which_comes_back'];

const ofLongPolls = {
  async a_client_whose_websocket_does_not_open_falls_back() {
    const socket = c.connect({ user: 'ann' }, { transport: c.WebSocket, longPollFallbackMs: 2000 }, '/socket_lp');
    const room = await c.join(socket, 'room:20');
    same(await c.answer(room.push('whoami')), ['ok', { reason: 'ann' }]);
    assert.strictEqual(socket.transport, c.LongPoll);
  },
  async a_client_whose_websocket_opens_does_not_fall_back() {
    const socket = c.connect({ user: 'ann' }, { transport: c.WebSocket, longPollFallbackMs: 20000 });
    await c.join(socket, 'room:20');
    assert.strictEqual(socket.transport, c.WebSocket);
  },
  async bytes_go_to_the_server() {
    const ann = await c.join(c.connect({ user: 'ann' }), 'golden:22');
    const bob = await c.join(c.connect({ user: 'bob' }, { transport: c.WebSocket }), 'golden:22');
    const sent = Uint8Array.from({ length: 70 }, (_, i) => i * 3).buffer;
    const heard = c.next(bob, 'bin_bcast');
    ann.push('bin_bcast', sent);
    same(c.bytes(await heard), c.bytes(sent));
  },
  async one_who_polls_and_one_with_a_websocket_hear_each_other() {
    const ann = await c.join(c.connect({ user: 'ann' }), 'room:21');
    const bob = await c.join(c.connect({ user: 'bob' }, { transport: c.WebSocket }), 'room:21');
    const heard = Promise.all([c.next(ann, 'new_msg'), c.next(bob, 'new_msg')]);
    ann.push('new_msg', { body: 'polled' });
    same(await heard, [{ body: 'polled' }, { body: 'polled' }]);
    const back = c.next(ann, 'new_msg');
    bob.push('new_msg', { body: 'framed' });
    same(await back, { body: 'framed' });
  },
};

async function main() {
  const { status } = await fetch(`http://${c.host}/socket/longpoll?vsn=2.0.0`);
  if (!c.isWebSocket && status === 404) process.exit(77);
  const all = c.isWebSocket ? checks : { ...checks, ...ofLongPolls };
  const chosen = Object.entries(all).filter(([name]) => c.isWebSocket || !ofWebSockets.includes(name));
  await run(Object.fromEntries(chosen.map(([name, check]) => [name, async () => {
    try { await check(); } finally { c.disconnectAll(); }
  }])));
}
main();
