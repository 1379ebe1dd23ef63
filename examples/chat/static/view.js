// What is on the page. What people have written becomes text nodes and nothing else: it is never read as HTML.

const $ = id => document.getElementById(id);
const [list, composer, text, typing] = [$('messages'), $('composer'), $('text'), $('typing')];
const grouped_within = 5 * 60_000;  // messages of one person that are shown under one name

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/// The same colour for the same name, everywhere.
function hue(name) {
  let sum = 0;
  for (const c of name) sum = (sum * 131 + c.codePointAt(0) * 47) % 3600;
  return sum / 10;
}

// -- messages: by id, in the order of their times; those that no server has come last

const shown = new Map();

export function showMessage(message) {
  const stays = isAtEnd() || message.mine;
  const before = shown.get(message.id);
  const item = before ?? element('li');
  item.message = { ...before?.message, ...message };
  fill(item);
  shown.set(message.id, item);
  if (!before) place(item);
  regroup(item);
  regroup(item.nextElementSibling);
  $('empty').hidden = true;
  if (stays) scrollToEnd();
  else if (!before) $('newer').hidden = false;
}

/// What is there already stays as it is, but for what we thought had not arrived.
export function showHistory(messages) {
  for (const message of messages) {
    const known = shown.get(message.id)?.message;
    if (!known || known.state === 'sending' || known.state === 'failed') showMessage({ ...message, state: 'sent' });
  }
  $('empty').hidden = shown.size > 0;
}

function fill(item) {
  const { name, text: written, at, mine, state, why, again } = item.message;
  const time = new Date(at);
  item.className = `${mine ? 'mine' : ''} ${state ?? ''}`.trim();
  item.style.setProperty('--hue', hue(name));
  const head = element('div', { className: 'head' }, element('b', { textContent: name }),
    element('time', { dateTime: time.toISOString(), title: time.toLocaleString(),
                      textContent: time.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }) }));
  item.replaceChildren(head, element('p', { textContent: written }));
  if (state === 'sending') item.append(element('small', { textContent: 'sending …' }));
  if (state === 'sent-here') item.append(element('small', { textContent: 'not heard by those on other servers' }));
  if (state === 'failed') {
    item.append(element('small', { role: 'alert' }, `not sent: ${why} `,
      element('button', { type: 'button', textContent: 'Try again', onclick: again })));
  }
}

function place(item) {
  const rank = ({ at, state }) => state === 'sending' ? Infinity : at;
  let behind = list.lastElementChild;
  while (behind && rank(behind.message) > rank(item.message)) behind = behind.previousElementSibling;
  if (behind) behind.after(item);
  else list.prepend(item);
}

function regroup(item) {
  if (!item) return;
  const before = item.previousElementSibling?.message;
  const { name, at } = item.message;
  item.classList.toggle('goes-on', before?.name === name && at - before.at < grouped_within);
}

const isAtEnd = () => list.scrollHeight - list.scrollTop - list.clientHeight < 80;
function scrollToEnd() {
  list.scrollTop = list.scrollHeight;
  $('newer').hidden = true;
}
list.addEventListener('scroll', () => { if (isAtEnd()) $('newer').hidden = true; });
$('newer').addEventListener('click', scrollToEnd);
new ResizeObserver(() => { if ($('newer').hidden) scrollToEnd(); }).observe(list);

// -- around them

export function showStatus(state, words) {
  $('status').dataset.state = state;
  $('status').textContent = words;
}

export function showRoom(room, suggested) {
  document.title = `#${room} · Joist chat`;
  $('title').textContent = `#${room}`;
  const all = suggested.includes(room) ? suggested : [...suggested, room];
  $('rooms').replaceChildren(...all.map(name => {
    const link = element('a', { href: `#${encodeURIComponent(name)}`, textContent: `#${name}` });
    if (name === room) link.setAttribute('aria-current', 'page');
    return element('li', {}, link);
  }));
  shown.clear();
  list.replaceChildren();
  $('newer').hidden = true;
  $('here').hidden = true;
  showTyping([]);
}

export function showMe(name) {
  $('me').textContent = name;
  $('me').style.setProperty('--hue', hue(name));
}

export function showPeople(people, me) {
  $('here').hidden = false;
  $('count').textContent = people.length;
  $('people').replaceChildren(...people.sort((a, b) => a.name.localeCompare(b.name)).map(({ name, pages }) => {
    const item = element('li', { textContent: name === me ? `${name} (you)` : name });
    if (pages > 1) item.append(element('small', { textContent: ` ×${pages}`, title: `on ${pages} pages` }));
    item.style.setProperty('--hue', hue(name));
    return item;
  }));
}

export function showTyping(names) {
  const who = new Intl.ListFormat('en').format(names.slice(0, 3));
  typing.textContent = names.length === 0 ? ''
    : names.length > 3 ? 'several people are typing …' : `${who} ${names.length > 1 ? 'are' : 'is'} typing …`;
}

// -- what the person does

export function onText(tell) {
  text.addEventListener('input', () => {
    grow();
    tell(text.value);
  });
}
export function onSend(send) {
  composer.addEventListener('submit', event => {
    event.preventDefault();
    const written = text.value.trim();
    if (written === '') return;
    text.value = '';
    grow();
    text.focus();
    send(written);
  });
  text.addEventListener('keydown', event => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    composer.requestSubmit();
  });
}
function grow() {
  $('send').disabled = text.value.trim() === '';
  text.style.height = 'auto';
  text.style.height = `${text.scrollHeight}px`;
}

export function onOpenRoom(open) {
  $('open').addEventListener('submit', event => {
    event.preventDefault();
    const wanted = $('room').value.trim().replace(/^#/, '').toLowerCase();
    if (wanted !== '') open(wanted);
    event.target.reset();
  });
}

export function askName(name = '') {
  $('name').value = name;
  $('hello').showModal();
  $('name').select();
}
export function onName(chosen) {
  $('me').addEventListener('click', () => askName($('me').textContent));
  $('enter').addEventListener('submit', event => {
    const name = $('name').value.trim();
    if (name === '') return event.preventDefault();
    chosen(name);
    text.focus();
  });
  $('hello').addEventListener('cancel', event => { if ($('me').textContent === '') event.preventDefault(); });
}
