// Two instances of examples/chat that are joined over a server, which is killed and started again. usage: chat_nodes.js CHROMIUM
// HOST:PORT HOST:PORT
'use strict';
const { createInterface } = require('readline');
const { Browser } = require('./browser');
const chat = require('./chat_page');
const { inTime, run } = require('./checks');

const [, , chromium, one, other] = process.argv;
let browser, ann, bob;

const lines = createInterface({ input: process.stdin });
function server(verb) {
  const done = new Promise(yes => lines.once('line', yes));
  console.log(`> ${verb}`);
  return inTime(done, `the server: ${verb}`);
}

/// Not faster than the server takes messages.
const breath = page => page.value('new Promise(yes => setTimeout(yes, 100))');

const checks = {
  async who_is_at_another_instance_is_here() {
    browser = await Browser.start(chromium);
    ann = await chat.enter(browser, one, 'ann');
    bob = await chat.enter(browser, other, 'bob');
    await chat.here(ann, ['ann (you)', 'bob']);
    await chat.here(bob, ['ann', 'bob (you)']);
  },
  async what_is_said_and_typed_at_one_instance_is_heard_at_the_other() {
    await chat.write(ann, 'Hello over there');
    await chat.sees(bob, 'Hello over there');
    await bob.focus('#text');
    await bob.type('Hel');
    await ann.until(`document.querySelector('#typing').textContent === 'bob is typing \u2026'`);
    await bob.type('lo back');
    await bob.enter();
    await chat.sees(ann, 'Hello back');
  },
  async both_remember_it() {
    const carl = await chat.enter(browser, other, 'carl');
    await chat.sees(carl, 'Hello over there');
    await chat.sees(carl, 'Hello back');
    await carl.close();
  },
  async without_a_connection_between_them_the_page_says_so() {
    await server('kill');
    const told = `[...document.querySelectorAll('.sent-here small')].some(s => s.textContent === 'not heard by those on other servers')`;
    // The instances notice in their time.
    for (let i = 0; !(await ann.value(told)); i++) {
      await breath(ann);
      await chat.write(ann, `Still there? ${i}`);
      await chat.allSent(ann);
    }
  },
  async when_there_is_one_again_they_hear_each_other() {
    await server('start');
    // One instance is back before the other: what is said in between is lost to that.
    const heard = `[...document.querySelectorAll('#messages p')].some(p => p.textContent.startsWith('There you are'))`;
    for (let i = 0; !(await bob.value(heard)); i++) {
      await breath(ann);
      await chat.write(ann, `There you are ${i}`);
      await chat.allSent(ann);
    }
  },
};

process.on('exit', () => browser?.stop());
run(checks);
