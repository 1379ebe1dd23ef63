// The page: what it shows (view.js) and what the room says (room.hpp), brought together by the official client of Phoenix.
import { Presence, Socket } from './phoenix/phoenix.mjs';
import * as view from './view.js';

const suggested = ['lobby', 'tea', 'workshop'];
const patience = 60_000;      // for the answer to a message: a server may be started again meanwhile
const typing_every = 2_000;   // how often it is said that somebody still types
const typing_lasts = 5_000;   // after which we no longer believe it

let socket;
let channel;
let name = localStorage.getItem('name') ?? '';
let room = '';

// -- the connection

function connect() {
  socket?.disconnect();
  socket = new Socket('/socket', { params: { name } });
  socket.onOpen(() => view.showStatus('on', 'connected'));
  socket.onClose(() => view.showStatus('wait', 'reconnecting …'));
  socket.onError(() => view.showStatus('wait', 'reconnecting …'));
  view.showStatus('wait', 'connecting …');
  socket.connect();
  join(room);
}

function join(wanted) {
  channel?.leave();
  room = wanted;
  typists.clear();
  view.showRoom(room, suggested);
  channel = socket.channel(`room:${room}`);
  channel.on('history', ({ messages }) => view.showHistory(messages.map(own)));
  channel.on('said', message => {
    stopsTyping(message.name);
    view.showMessage(own(message));
  });
  channel.on('typing', ({ name: who, now }) => now ? startsTyping(who) : stopsTyping(who));
  const presence = new Presence(channel);
  presence.onSync(() => view.showPeople(presence.list((who, { metas }) => ({ name: who, pages: metas.length })), name));
  channel.onError(() => { if (socket.isConnected()) view.showStatus('wait', 'joining the room again …'); });
  channel.join()
    .receive('ok', () => view.showStatus('on', 'connected'))
    .receive('error', ({ reason }) => view.showStatus('off', reason));
}

// -- messages

const own = message => ({ ...message, mine: message.name === name });

// randomUUID is only there over TLS, and on this machine.
const newId = () => Array.from(crypto.getRandomValues(new Uint32Array(4)), n => n.toString(36)).join('-');

// [snippet: say]
// Shown at once, and marked until the server has it. Said again with the same id, others show it once.
function say(text, id = newId()) {
  const message = { id, name, text, at: Date.now(), mine: true };
  view.showMessage({ ...message, state: 'sending' });
  const fails = why => view.showMessage({ ...message, state: 'failed', why, again: () => say(text, id) });
  channel.push('say', { id, text }, patience)
    .receive('ok', ({ at, everywhere }) => view.showMessage({ ...message, at, state: everywhere ? 'sent' : 'sent-here' }))
    .receive('error', ({ reason }) => fails(reason))
    .receive('timeout', () => fails('no answer'));
}
// [end]

// -- who is typing

const typists = new Map();  // name: the timer after which it is forgotten
let said_typing = 0;        // when we have told it; 0: we do not type

function startsTyping(who) {
  clearTimeout(typists.get(who));
  typists.set(who, setTimeout(() => stopsTyping(who), typing_lasts));
  view.showTyping([...typists.keys()]);
}
function stopsTyping(who) {
  clearTimeout(typists.get(who));
  typists.delete(who);
  view.showTyping([...typists.keys()]);
}
function tellTyping(now) {
  if (!socket.isConnected() || channel.state !== 'joined') return;
  if (now ? Date.now() - said_typing < typing_every : said_typing === 0) return;
  said_typing = now ? Date.now() : 0;
  channel.push('typing', { now });
}

// -- the person

view.onText(text => tellTyping(text !== ''));
view.onSend(text => {
  tellTyping(false);
  say(text);
});
view.onOpenRoom(wanted => { location.hash = wanted; });
view.onName(chosen => {
  name = chosen;
  localStorage.setItem('name', name);
  view.showMe(name);
  connect();
});

const roomInHash = () => decodeURIComponent(location.hash.slice(1)) || suggested[0];
addEventListener('hashchange', () => { if (socket && roomInHash() !== room) join(roomInHash()); });

room = roomInHash();
view.showRoom(room, suggested);
if (name) {
  view.showMe(name);
  connect();
} else {
  view.askName();
}
