// examples/chat in Chromium, as two people see it. usage: chat.js CHROMIUM HOST:PORT FOLDER, where pictures are put.
'use strict';
const { join } = require('path');
const { createInterface } = require('readline');
const { Browser } = require('./browser');
const chat = require('./chat_page');
const { assert, inTime, run } = require('./checks');
const { allSent, connected, here, messages, sees, write } = chat;

const [, , chromium, host, folder] = process.argv;
let browser, ann, bob, mallory;

const lines = createInterface({ input: process.stdin });
function server(verb) {
  const done = new Promise(yes => lines.once('line', yes));
  console.log(`> ${verb}`);
  return inTime(done, `the server: ${verb}`);
}
const picture = (page, name) => page.picture(join(folder, `chat_${name}.png`));
const enter = (name, room) => chat.enter(browser, host, name, room, page => name === 'ann' && picture(page, 'name'));

const checks = {
  async two_people_enter_by_their_names() {
    browser = await Browser.start(chromium);
    ann = await enter('ann');
    bob = await enter('bob');
    assert.strictEqual(await ann.text('#title'), '#lobby');
    assert.strictEqual(await ann.text('#me'), 'ann');
    await picture(ann, 'empty');
  },
  async what_one_writes_the_other_reads_and_it_is_confirmed() {
    await write(ann, 'Good morning!');
    await sees(bob, 'Good morning!');
    await allSent(ann);
    await write(ann, 'Is anybody here?');
    await write(bob, 'I am. How do processes talk over here?');
    await sees(ann, 'I am. How do processes talk over here?');
    assert.deepStrictEqual(await messages(ann), await messages(bob));
    assert.strictEqual(await ann.value(`document.querySelectorAll('.mine').length`), 2);
  },
  async that_one_types_shows_and_goes() {
    await bob.focus('#text');
    await bob.type('They send each other mess');
    await ann.until(`document.querySelector('#typing').textContent === 'bob is typing \u2026'`);
    await picture(ann, 'typing');
    await bob.type('ages.');
    await bob.enter();
    await ann.until(`document.querySelector('#typing').textContent === ''`);
    await sees(ann, 'They send each other messages.');
  },
  async what_looks_like_html_is_text() {
    const evil = `<img src=x onerror="document.title='broken into'"><script>document.title='broken into'</script><b>bold</b>`;
    await write(ann, evil);
    await sees(bob, evil);
    mallory = await enter(`<i>mal</i>"'`, 'lobby');
    await write(mallory, '&lt;b&gt; javascript:alert(1)');
    await sees(bob, '&lt;b&gt; javascript:alert(1)');
    assert.strictEqual(await bob.value(`document.querySelectorAll('#messages :is(img, script, i, p b)').length`), 0);
    assert.strictEqual(await bob.value(`[...document.querySelectorAll('.head b')].at(-1).textContent`), `<i>mal</i>"'`);
    assert.match(await bob.value('document.title'), /^#lobby/);
    // What would have been let in by a mistake does not run.
    await bob.value(`document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.ran = 1' }))`);
    assert.strictEqual(await bob.value('window.ran ?? 0'), 0);
    bob.errors = bob.errors.filter(e => !/Content Security Policy/.test(e));
  },
  async who_is_here_is_shown_until_they_go() {
    await here(bob, [`<i>mal</i>"'`, 'ann', 'bob (you)']);
    await picture(bob, 'here');
    await mallory.close();
    await here(bob, ['ann', 'bob (you)']);
    const twice = await enter('bob');
    await here(bob, ['ann', 'bob (you) \u00d72']);
    await twice.close();
    await here(bob, ['ann', 'bob (you)']);
  },
  async a_room_is_apart_from_others_and_remembers() {
    await ann.value(`location.hash = 'tea'`);
    await ann.until(`document.querySelector('#title').textContent === '#tea'`);
    await connected(ann);
    await write(ann, 'Only for those who drink tea');
    await allSent(ann);
    assert.deepStrictEqual(await messages(ann), ['Only for those who drink tea']);
    const carl = await enter('carl', 'tea');
    await sees(carl, 'Only for those who drink tea');
    assert(!(await messages(bob)).includes('Only for those who drink tea'));
    await ann.value(`location.hash = 'lobby'`);
    await sees(ann, 'Good morning!');
  },
  async two_lines_are_one_message() {
    await ann.focus('#text');
    await ann.type('one\ntwo');
    await ann.enter();
    await sees(bob, 'one\ntwo');
  },
  async a_server_that_is_started_again_has_forgotten_and_pages_have_not() {
    const before = await messages(bob);
    await server('stop');
    await bob.until(`document.querySelector('#status').dataset.state === 'wait'`);
    await write(ann, 'Written while nobody listens');
    assert.strictEqual(await ann.value(`document.querySelectorAll('.sending').length`), 1);
    await picture(ann, 'reconnecting');
    await server('start');
    await connected(bob);
    await sees(bob, 'Written while nobody listens');
    await allSent(ann);
    assert.deepStrictEqual((await messages(bob)).slice(0, before.length), before);
    const dora = await enter('dora');
    await sees(dora, 'Written while nobody listens');
    assert.deepStrictEqual(await messages(dora), ['Written while nobody listens']);
  },
  async it_is_at_home_on_a_phone_and_at_night() {
    await ann.size(390, 760, true);
    await picture(ann, 'phone');
    assert(await ann.value(`document.documentElement.scrollWidth <= innerWidth`));
    assert(await ann.value(`document.querySelector('#send').getBoundingClientRect().bottom <= innerHeight`));
    await ann.dark(true);
    await picture(ann, 'phone_dark');
    await ann.size(1100, 720);
    await picture(ann, 'dark');
    await ann.dark(false);
    await picture(ann, 'light');
  },
  async no_script_has_failed() {
    // While the server was away, the browser said so.
    const unexpected = [...ann.errors, ...bob.errors].filter(e => !/WebSocket|ERR_CONNECTION_REFUSED|longpoll/.test(e));
    assert.deepStrictEqual(unexpected, []);
  },
};

process.on('exit', () => browser?.stop());
run(checks);
